"""What a gate says, in both languages.  `{name}` stands for a fact."""

from typing import Final

from coldscan.gun_reader import GunState
from coldtrace.errors import Words

GUNS: Final = {
    GunState.READY: Words("扫描枪就绪：{path}", "Gun ready: {path}"),
    GunState.AWAITED: Words(
        "扫描枪 {path} 还不可用（{reason}），每半秒重试",
        "The gun {path} is not there yet ({reason}); tried twice a second",
    ),
    GunState.LOST: Words(
        "扫描枪 {path} 断开（{reason}）！此通道停止放行，直到恢复",
        "The gun {path} is gone ({reason})! Let nothing through this lane until it is back",
    ),
    GunState.BACK: Words(
        "扫描枪 {path} 已恢复；请重扫没有听到提示音的货物", "The gun {path} is back; scan again what was not answered"
    ),
}
NOT_WHOLE = Words("没有读全，未保存；请重扫", "Not read whole, nothing is stored; scan again")
LANE_FIXED = Words("此通道只做“{operation}”", "This lane does one thing only: {operation}")
LANES = {"in": Words("入", "IN"), "out": Words("出", "OUT")}
LAMP_FAULT = Words("灯光或声音命令有问题：{fault}", "A command for light or sound has a fault: {fault}")
