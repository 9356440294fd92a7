"""What stands on each command card: its word, and in one line what a scan of it does."""

from typing import Final

from coldtrace.codes.command import Command
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
}


def command_label(command: Command) -> LabelContent:
    """Return the card of a command."""
    word, note = _CARDS[command]
    return LabelContent(
        kind=LabelKind.COMMAND,
        uri=command.value,
        product_zh=word.zh,
        product_en=word.en,
        note_zh=note.zh,
        note_en=note.en,
    )
