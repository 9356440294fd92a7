"""What stands on each command card: its word, and in one line what a scan of it does."""

from typing import Final

from coldtrace.codes.command import VALUES, WITH_VALUE, Card, Command
from coldtrace.errors import Words
from coldtrace.labels.content import LabelContent, LabelKind

_CARDS: Final[dict[Command, tuple[Words, Words]]] = {
    Command.IN: (Words("入库", "Receive"), Words("之后扫的货物都记为入库", "Every scan after this is a receipt")),
    Command.OUT: (
        Words("出库", "Ship"),
        Words("先扫收货方的场所码，再扫货物", "Receiver's place first, then the goods"),
    ),
    Command.MOVE: (Words("移库", "Move"), Words("先扫货物，再扫新的位置", "The goods first, then the new place")),
    Command.COUNT: (
        Words("盘点", "Count stock"),
        Words("先扫位置，再扫其中每一箱", "The place first, then each carton"),
    ),
    Command.UNDO: (Words("撤销", "Take back"), Words("更正最近一次扫描", "Corrects the last scan")),
    Command.CONFIRM: (Words("确认", "Confirm"), Words("回答屏幕上的问题", "Answers the question on the screen")),
    Command.NEXT: (Words("下一单", "Next job"), Words("清空对方和本堆，开始下一单", "Clears partner and pile")),
    Command.COMMISSION: (Words("赋码", "First scan"), Words("每箱的第一次扫描", "The first scan of every carton")),
    Command.PACK: (Words("组托", "Onto a pallet"), Words("先扫箱子，最后扫托盘标签", "Cartons first, the pallet last")),
    Command.UNPACK: (
        Words("拆托", "Off a pallet"),
        Words("先扫托盘标签，再扫取下的箱子", "The pallet first, then the cartons"),
    ),
    Command.SELL: (Words("销售", "Sold"), Words("之后扫的货物都记为售出", "Every scan after this is a sale")),
    Command.OPEN: (Words("开箱上柜", "Open"), Words("之后扫的箱子都记为开箱", "Every case after this is opened")),
    Command.TRANSFORM: (
        Words("分装", "Repack"),
        Words("原货、确认、新标签、确认", "What goes in, CONFIRM, the new labels, CONFIRM"),
    ),
    Command.HOLD: (Words("封存", "Hold"), Words("先扫原因卡，再扫货物", "The reason first, then the goods")),
    Command.DESTROY: (
        Words("销毁", "Destroy"),
        Words("方式、见证人、货物、确认", "Method, witness, the goods, CONFIRM"),
    ),
}
_VALUED: Final[dict[Command, tuple[Words, Words]]] = {
    Command.REASON: (Words("原因", "Reason"), Words("用于封存", "For what is held")),
    Command.METHOD: (Words("方式", "Method"), Words("用于销毁", "For what is destroyed")),
    Command.WITNESS: (Words("见证人", "Witness"), Words("代号，不写姓名", "A code, no name")),
}

CARDS: Final = (
    *(Card(command=command) for command in Command if command not in WITH_VALUE),
    *(Card(command=command, value=value) for command, values in VALUES.items() for value in values),
)
"""All cards there are but those of witnesses, whose codes are the site's own."""


def command_label(card: Card | Command) -> LabelContent:
    """Return the card of a command."""
    if isinstance(card, Command):
        card = Card(command=card)
    word, note = _CARDS[card.command] if card.value is None else _with_value(card)
    return LabelContent(
        kind=LabelKind.COMMAND,
        uri=card.text,
        product_zh=word.zh,
        product_en=word.en,
        note_zh=note.zh,
        note_en=note.en,
    )


def _with_value(card: Card) -> tuple[Words, Words]:
    word, note = _VALUED[card.command]
    said = card.words
    return Words(f"{word.zh}：{said.zh}", f"{word.en}: {said.en}"), note
