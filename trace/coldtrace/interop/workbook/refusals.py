"""Files that cannot be read at all.  What is wrong *inside* a readable workbook is a finding, not a refusal."""

from typing import ClassVar

from coldtrace.errors import Refusal, Words

_ADVICE = Words(
    "请在 Excel 或 WPS 中打开，另存为“Excel 工作簿 (.xlsx)”后再上传。",
    'Open it in Excel or WPS, save it as "Excel Workbook (.xlsx)" and upload that.',
)


class WorkbookRefused(Refusal):
    """Family of all refusals of a whole file."""

    code: ClassVar[str] = "workbook_refused"
    title: ClassVar[Words] = Words("文件无法读取", "The file cannot be read")
    detail: ClassVar[Words] = Words("文件“{file}”无法读取。", 'The file "{file}" cannot be read.')


class NotAWorkbook(WorkbookRefused):
    """Not an Excel file: text, CSV, PDF, a picture."""

    code: ClassVar[str] = "workbook_not_excel"
    title: ClassVar[Words] = Words("不是 Excel 工作簿", "Not an Excel workbook")
    detail: ClassVar[Words] = Words(
        f"文件“{{file}}”不是 .xlsx 工作簿（看起来是 {{kind}}）。{_ADVICE.zh}",
        f'The file "{{file}}" is not an .xlsx workbook (it looks like {{kind}}). {_ADVICE.en}',
    )


class OldWorkbook(WorkbookRefused):
    """The binary format of Excel 97 to 2003, or the binary .xlsb."""

    code: ClassVar[str] = "workbook_old_format"
    title: ClassVar[Words] = Words("旧版 Excel 格式", "Old Excel format")
    detail: ClassVar[Words] = Words(
        f"文件“{{file}}”是 {{kind}} 格式，本系统只读 .xlsx。{_ADVICE.zh}",
        f'The file "{{file}}" has the {{kind}} format; only .xlsx is read. {_ADVICE.en}',
    )


class EncryptedWorkbook(WorkbookRefused):
    """Protected by a password."""

    code: ClassVar[str] = "workbook_encrypted"
    title: ClassVar[Words] = Words("工作簿已加密", "The workbook is encrypted")
    detail: ClassVar[Words] = Words(
        "文件“{file}”设有打开密码，无法读取。请去掉密码后另存，再上传。",
        'The file "{file}" is protected by a password. Save it without the password and upload that.',
    )


class MacroWorkbook(WorkbookRefused):
    """Carries macros; such files are not accepted."""

    code: ClassVar[str] = "workbook_macros"
    title: ClassVar[Words] = Words("工作簿含宏", "The workbook holds macros")
    detail: ClassVar[Words] = Words(
        f"文件“{{file}}”含有宏，为安全起见不予读取。{_ADVICE.zh}",
        f'The file "{{file}}" holds macros and is not read, for safety. {_ADVICE.en}',
    )


class BrokenWorkbook(WorkbookRefused):
    """Claims to be a workbook and is not a whole one."""

    code: ClassVar[str] = "workbook_broken"
    title: ClassVar[Words] = Words("工作簿已损坏", "The workbook is broken")
    detail: ClassVar[Words] = Words(
        "文件“{file}”已损坏或不完整，无法读取。请重新导出或另存后再上传。",
        'The file "{file}" is broken or incomplete. Export or save it again and upload that.',
    )


class OversizedWorkbook(WorkbookRefused):
    """Larger than a packing list can reasonably be, packed or unpacked."""

    code: ClassVar[str] = "workbook_too_large"
    title: ClassVar[Words] = Words("工作簿过大", "The workbook is too large")
    detail: ClassVar[Words] = Words(
        "文件“{file}”过大：{what_zh} 超过上限 {limit}。请只保留装箱单本身，删除其余工作表和图片后再上传。",
        'The file "{file}" is too large: {what_en} above the limit of {limit}. Keep only the packing list, '
        "delete other sheets and pictures, and upload that.",
    )


class EmptyWorkbook(WorkbookRefused):
    """No visible sheet with anything on it."""

    code: ClassVar[str] = "workbook_empty"
    title: ClassVar[Words] = Words("工作簿是空的", "The workbook is empty")
    detail: ClassVar[Words] = Words(
        "文件“{file}”里没有可见的、有内容的工作表。请检查是否选错了文件。",
        'The file "{file}" has no visible sheet with anything on it. Check that it is the right file.',
    )
