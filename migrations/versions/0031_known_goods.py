"""What was used up keeps the last day and the weight that its import had, so that it is told the same ever after."""

from urllib.parse import unquote

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

# Of what was said before, what is known now is all there is.  What stands there already stays.
OF_CODES = """
UPDATE statement_line l SET details = jsonb_strip_nulls(jsonb_build_object('until', g.expiry_date,
        'weighs_g', i.net_g)) || COALESCE(l.details, '{}')
    FROM unit u JOIN issued_code i USING (unit_id) JOIN code_run r USING (run_id)
    LEFT JOIN consignment rc ON rc.consignment_id = r.consignment_id
    LEFT JOIN (SELECT o.lot_id, o.expiry_date FROM lot o JOIN consignment c USING (consignment_id)
        WHERE c.state = 'open') g ON g.lot_id = i.lot_id
    WHERE l.role = 'input' AND u.unit_pk = l.unit_pk AND (r.kind = 'roll' OR rc.state = 'open')
        AND (g.expiry_date IS NOT NULL OR i.net_g IS NOT NULL)
"""
LOTS = (
    "SELECT DISTINCT u.unit_pk, u.unit_id FROM statement_line l JOIN unit u USING (unit_pk)"
    " WHERE l.role = 'input' AND u.unit_id ~ '^[(]01[)][0-9]{14}[(]10[)]'"
)
OF_LOT = (
    "UPDATE statement_line l SET details = jsonb_build_object('until', g.day) || COALESCE(l.details, '{}') FROM"
    " (SELECT min(o.expiry_date) AS day FROM lot o JOIN consignment c USING (consignment_id)"
    " WHERE c.state = 'open' AND o.gtin = :gtin AND o.lot = :lot) g"
    " WHERE l.role = 'input' AND l.unit_pk = :pk AND g.day IS NOT NULL"
)


def upgrade() -> None:
    op.execute(OF_CODES)
    connection = op.get_bind()
    for row in connection.execute(sa.text(LOTS)).all():
        values = {"pk": row.unit_pk, "gtin": row.unit_id[4:18], "lot": unquote(row.unit_id[22:])}
        connection.execute(sa.text(OF_LOT), values)


def downgrade() -> None:
    op.execute("UPDATE statement_line SET details = NULLIF(details - 'until', '{}') WHERE details ? 'until'")
