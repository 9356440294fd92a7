"""How good an organisation's data are: three shares and the figure made of them, pure (docs/guides/oversight.md).

    quality = 40 x told within 24 hours / statements
            + 40 x statements that contradict nothing / statements
            + 20 x statements / (statements + refused ones)

Whoever sees the counts can work the figure out again.  Below `LEAST` statements there is none: a handful says nothing.
"""

from dataclasses import dataclass

from coldtrace.errors import Words

ON_TIME, CLEAN, WELL_FORMED = 40, 40, 20
LEAST = 20

FORMULA = Words(
    f"数据质量 = {ON_TIME} × 24 小时内送达 ÷ 记录数 + {CLEAN} × 无矛盾的记录 ÷ 记录数"
    f" + {WELL_FORMED} × 记录数 ÷（记录数 + 被拒）；"
    f"少于 {LEAST} 条记录不评分。",
    f"Quality = {ON_TIME} x told within 24 h / statements + {CLEAN} x without contradiction / statements"
    f" + {WELL_FORMED} x statements / (statements + refused); none below {LEAST} statements.",
)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What arrived in a period from the sites of somebody.

    `contradicting` opened a case that did not clear up by itself; `refused` came signed and was not taken.
    """

    statements: int = 0
    within_15_min: int = 0
    within_24_h: int = 0
    within_72_h: int = 0
    contradicting: int = 0
    refused: int = 0

    @property
    def quality(self) -> int | None:
        """The figure, from 0 to 100.

        >>> Counts(statements=100, within_24_h=90, contradicting=10, refused=25).quality
        88
        >>> Counts(statements=19, within_24_h=19).quality is None
        True
        """
        if self.statements < LEAST:
            return None
        clean = max(self.statements - self.contradicting, 0)
        figure = (ON_TIME * self.within_24_h + CLEAN * clean) / self.statements
        return round(figure + WELL_FORMED * self.statements / (self.statements + self.refused))
