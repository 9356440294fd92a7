"""What of each lot is at a place, in indexes alone; when goods are near their last day, by city; what devices say."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

STEPS = """
-- In place of the two that were there: a unit that moves writes as many indexes as before.
CREATE INDEX unit_here_lot ON unit (gln, unit_id) INCLUDE (unit_pk, lot_id, expires_on)
    WHERE parent_pk IS NULL AND state IN ('active', 'opened');
DROP INDEX unit_here;
ALTER INDEX unit_here_lot RENAME TO unit_here;
CREATE INDEX unit_in_root ON unit (root_pk) INCLUDE (lot_id, expires_on) WHERE root_pk IS NOT NULL;
DROP INDEX unit_root_pk_idx;
-- Goods whose shelf life is at least so many days are near their last day so many days before it, in places whose
-- district begins with the area.  The longest area counts, and of its rules in force the one of the longest shelf life
-- that is reached.  `confirmed`: somebody compared it with the city's own text.
CREATE TABLE near_expiry_rule (
    area text NOT NULL CHECK (area ~ '^[0-9]{0,6}$'),
    shelf_days_min int NOT NULL CHECK (shelf_days_min >= 0),
    valid_from date NOT NULL,
    valid_until date CHECK (valid_until >= valid_from),
    days_before int NOT NULL CHECK (days_before BETWEEN 0 AND 3660),
    confirmed boolean NOT NULL,
    PRIMARY KEY (area, shelf_days_min, valid_from)
);
INSERT INTO near_expiry_rule (area, shelf_days_min, valid_from, days_before, confirmed)
SELECT city.area, band.shelf_days_min, CAST('2020-01-01' AS date), band.days_before, FALSE
FROM (VALUES ('11'), ('31'), ('4401')) AS city(area),
    (VALUES (365, 45), (180, 20), (90, 15), (30, 10)) AS band(shelf_days_min, days_before)
UNION ALL SELECT '12', 30, CAST('2020-01-01' AS date), 7, FALSE
UNION ALL SELECT '12', 0, CAST('2020-01-01' AS date), 2, FALSE;
-- What a device last said of itself with a sync: statements that wait on it, and when its block list was issued.
CREATE TABLE device_report (
    key_id bytea PRIMARY KEY REFERENCES device,
    reported_at timestamptz NOT NULL,
    unsent int NOT NULL CHECK (unsent >= 0),
    stops_at timestamptz
);
"""


def upgrade() -> None:
    op.execute(STEPS)


def downgrade() -> None:
    op.execute(
        "DROP TABLE device_report, near_expiry_rule; DROP INDEX unit_here, unit_in_root;"
        " CREATE INDEX ON unit (root_pk);"
        " CREATE INDEX unit_here ON unit (gln, unit_id) WHERE parent_pk IS NULL AND state IN ('active', 'opened')"
    )
