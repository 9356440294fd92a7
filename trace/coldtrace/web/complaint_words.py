"""The words of the pages about complaints; `words.py` has them with all others."""

from coldtrace.errors import Words

COMPLAINT_WORDS: dict[str, Words] = {
    "complain.title": Words("投诉举报", "Complain"),
    "complain.lead": Words(
        "无需注册。提交后会得到回执号，凭号可随时查看进展。",
        "No account is needed. You get a receipt number, and with it you can see how far it is at any time.",
    ),
    "complain.urgent": Words(
        "身体不适请先就医；紧急情况请拨打：", "If you feel ill, see a doctor first. If it is urgent, call:"
    ),
    "complain.code": Words("追溯码", "Trace code"),
    "complain.code_help": Words(
        "包装上的短码或扫码得到的网址；没有可不填。",
        "The short code on the package, or the address that the scan gave; may be left empty.",
    ),
    "complain.product": Words("产品", "Product"),
    "complain.not_genuine": Words(
        "此码未通过本平台验证，仍可投诉，请附上标签照片。",
        "This code does not verify here. You can complain all the same; please add a photo of the label.",
    ),
    "complain.subject": Words("反映的问题", "What is wrong"),
    "complain.said": Words("说明", "What happened"),
    "complain.said_help": Words(
        "何时购买、发现了什么。请勿填写身份证号等个人信息。最多 2000 字。",
        "When you bought it and what you found. No numbers of identity papers, please. At most 2,000 signs.",
    ),
    "complain.district": Words("购买地点", "Where you bought it"),
    "complain.district_help": Words("由该地的市场监管部门处理。", "The market regulator of that place handles it."),
    "complain.tianjin": Words("天津市各区", "Districts of Tianjin"),
    "complain.provinces": Words("其他地区", "Elsewhere"),
    "complain.shop": Words("商家名称", "Name of the shop"),
    "complain.photo": Words("照片", "Photo"),
    "complain.photo_help": Words(
        "标签或货物的照片，JPEG、PNG 或 WebP，最大 {mib} MB。照片中的拍摄地点和设备信息会被去除，仅处理部门可见。",
        "Of the label or the goods; JPEG, PNG or WebP, at most {mib} MB. Place and device are removed from it, and only"
        " the office sees it.",
    ),
    "complain.photo_again": Words("请重新选择照片。", "Please choose the photo again."),
    "complain.contact": Words("联系方式", "How to reach you"),
    "complain.contact_help": Words(
        "电话或邮箱，加密保存，仅处理部门可见，可随时删除；不填也会处理。",
        "Telephone or e-mail. Kept encrypted, seen by the office alone, and you can erase it at any time. Without it"
        " your complaint is handled too.",
    ),
    "complain.send": Words("提交投诉", "Send the complaint"),
    "complain.promise": Words(
        "收到后 {accept} 个工作日内决定是否受理，受理后 {answer} 天内答复。您的身份、说明和照片不会公开。",
        "Within {accept} working days you are told whether it is accepted, then within {answer} days how it ended."
        " Who you are, what you wrote and your photo are never published.",
    ),
    "complain.missing_said": Words("请说明发生了什么。", "Please say what happened."),
    "complain.missing_choice": Words("请从列表中选择一项。", "Please choose one of the list."),
    "privacy.complaint": Words(
        "您提交的投诉：说明、照片、商家、联系方式（加密）",
        "A complaint that you send: your words, photo, shop, and how to reach you (encrypted)",
    ),
    "privacy.complaint_for": Words(
        "由购买地市场监管部门处理；不公示", "For the market regulator of that place to handle it; never published"
    ),
    "privacy.complaint_kept": Words(
        "办结后按公布的期限删除；联系方式可随时自行删除",
        "Erased some time after it ended; how to reach you, whenever you wish",
    ),
    "complaint.status": Words("投诉进展", "How far your complaint is"),
    "complaint.receipt": Words("回执号", "Receipt number"),
    "complaint.keep": Words(
        "请记下或截图保存：凭此号查看进展，遗失无法找回。",
        "Write it down or take a picture: it alone shows how far your complaint is, and nobody can give it to you"
        " again.",
    ),
    "complaint.office": Words("处理部门", "Office"),
    "complaint.office_of": Words("{district}市场监督管理部门", "Market regulator of {district}"),
    "complaint.received": Words("收到时间", "Received"),
    "complaint.decide_by": Words("决定受理期限", "Decision due"),
    "complaint.answer_by": Words("答复期限", "Answer due"),
    "complaint.overdue": Words("已超过期限", "overdue"),
    "complaint.decided": Words("决定时间", "Decided"),
    "complaint.reason": Words("不予受理的原因", "Why it was not accepted"),
    "complaint.closed": Words("办结时间", "Closed"),
    "complaint.outcome": Words("处理结果", "Result"),
    "complaint.answer": Words("处理部门的答复", "What the office answers"),
    "complaint.has_contact": Words(
        "您留下的联系方式已加密保存，仅处理部门可见。",
        "The way to reach you is kept encrypted; only the office sees it.",
    ),
    "complaint.no_contact": Words(
        "没有保存联系方式，请凭回执号查看进展。",
        "No way to reach you is kept; look here with your receipt number.",
    ),
    "complaint.erase": Words("删除我的联系方式", "Erase how to reach me"),
    "complaint.all": Words("投诉公示", "Published complaints"),
    "published.title": Words("消费投诉信息公示", "Published complaints of consumers"),
    "published.lead": Words(
        "由市场监管部门办结并决定公示的投诉：被投诉单位、问题、产品、地区和结果。不含投诉人信息。",
        "Complaints that an office closed and chose to publish: the firm, the matter, the product, the district and"
        " the result. Nothing about whoever complained.",
    ),
    "published.find": Words("凭回执号查看进展", "Look up a receipt number"),
    "published.look": Words("查看", "Look up"),
    "published.list": Words("公示清单", "The list"),
    "published.none": Words("目前没有公示的投诉。", "Nothing is published at present."),
    "published.respondent": Words("被投诉单位", "Firm"),
    "published.subject": Words("反映的问题", "Matter"),
    "published.product": Words("产品", "Product"),
    "published.where": Words("地区", "Where"),
    "published.outcome": Words("处理结果", "Result"),
    "published.closed": Words("办结日期", "Closed"),
    "published.csv": Words("下载 CSV", "Download as CSV"),
    "published.json": Words("JSON 接口", "As JSON"),
    "published.more": Words("更早的", "Older"),
    "published.complain": Words("我要投诉", "Complain"),
}
