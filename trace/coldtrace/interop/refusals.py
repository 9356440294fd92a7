"""Answers about imports that a caller can act on."""

from coldtrace.errors import Refusal, Words


class TrialUnknown(Refusal):
    """Nobody of this name tried such a file lately."""

    code = "trial_unknown"
    title = Words("没有这份试读的文件", "No such trial")
    detail = Words(
        "没有找到您试读过的这份文件：试读的文件只保留一天。请重新上传并试读，再导入。",
        "You have not tried this file, or its day is over. Upload it and try it again, then import it.",
    )
