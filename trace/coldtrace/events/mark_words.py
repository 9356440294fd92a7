"""What the marks of a statement mean to people, by the name of the mark; a handheld says them too.

Which marks there are and what they do is custody's (`custody/model.py`).
"""

from typing import Final

from coldtrace.errors import Words

MARK_WORDS: Final[dict[str, Words]] = {
    "not_permitted": Words("该设备无权进行此操作", "This device may not state this"),
    "terminal": Words("该单元已销毁或作废", "The unit was destroyed or voided before"),
    "expired": Words("商品已过保质期", "The goods are past their expiry date"),
    "stopped": Words(
        "该码已作废、批次已召回或签发密钥已失窃", "The code was voided, its lot recalled or its key stolen before"
    ),
    "papers_missing": Words(
        "缺少出库必需的单证，请补齐后再出库", "Papers that these goods must have are missing: add them, then ship"
    ),
    "papers_due": Words("单证不全，请补齐", "A paper of these goods is missing: add it"),
    "held": Words("货物已被封存或扣留", "The goods are on hold"),
    "recalled": Words("货物已被召回", "The goods are recalled"),
    "temp_breach": Words("货物曾超温，尚未解除", "The goods were out of their temperature and not released since"),
    "clone_suspect": Words("该码疑似被克隆，尚未查清", "The code may be cloned; not cleared yet"),
    "blocked_inside": Words("内有被封存或召回的货物", "Something inside is on hold or recalled"),
    "input_blocked": Words("投入的货物不得分装", "What went into it was blocked"),
    "not_empty": Words(
        "内有货物，不能换码：请重打原标签，或先拆托",
        "Something is inside, so it keeps its code: print the same label again, or unpack it first",
    ),
    "hold_of_higher": Words(
        "封存或召回由上级或他人作出，无权解除", "The hold or recall is of a higher level or of another firm"
    ),
    "lot_of_others": Words(
        "整批封存或召回只能由进口商、首站或监管部门作出",
        "Only its importer, its first station or a regulator stops a whole lot",
    ),
    "hold_not_laid": Words(
        "抽样有效，但抽样方不保管该货物，未予封存；请由保管方或监管部门封存",
        "The sample counts; who took it does not keep the goods, so nothing is held: ask their keeper or a regulator",
    ),
    "not_custodian": Words(
        "记录显示货物不归本站保管，不得由此封存、报失或销毁",
        "By the record the goods are not kept here: they are not held, reported lost or destroyed from here",
    ),
    "not_voidable": Words(
        "只有签发首站可作废，且货物尚在本站", "Only its station voids a code, and only while the goods are there"
    ),
    "correction_not_permitted": Words("无权更正该记录", "Not entitled to correct that statement"),
    "clock_skew": Words("设备时钟有偏差，已按到达时间排序", "The device clock is off; ordered by time of arrival"),
    "late": Words("超过 72 小时才送达", "Arrived more than 72 hours after the event"),
    "chain_fork": Words("设备记录链出现分叉", "The device's chain has a fork"),
    "key_suspended": Words("设备密钥已暂停", "The device key is suspended"),
    "certificate_over": Words(
        "设备证书已过期：请更换设备密钥", "The device's certificate is over: give the device a new key"
    ),
    "not_issued": Words("该码未由本系统签发", "This code was not issued here"),
    "wrong_station": Words("该码签发给另一首站", "The code was issued to another station"),
    "code_mismatch": Words("扫描的码与签发的码不一致", "The scanned code differs from the one issued"),
    "facts_unknown": Words("商品信息与登记不一致", "The product facts differ from those registered"),
    "double_bound": Words("该卷标已绑定另一批次", "The label is bound to another lot"),
    "bound_late": Words("超过卷标的绑定期才绑定", "Bound after the time of its roll"),
    "already_commissioned": Words("重复赋码", "Bound before"),
    "not_commissioned": Words("尚未赋码", "Not bound yet"),
    "not_here": Words("记录显示货物不在此处", "The record has the goods elsewhere"),
    "already_packed": Words("已在另一托盘上", "On another pallet already"),
    "still_packed": Words("未拆托即单独处理", "Handled apart while still on its pallet"),
    "not_in_parent": Words("不在该托盘上", "Not on this pallet"),
    "packed_in_itself": Words("被装入自己所含的包装", "Packed into something that is inside it"),
    "already_shipped": Words("已在途，重复出库", "Shipped before and still in transit"),
    "receiver_unregistered": Words("收货方未注册", "The receiver is not registered"),
    "gap": Words("缺少上一站出库记录", "No out-scan of the station before"),
    "not_addressed_here": Words("出库记录的收货方是另一场所", "The out-scan names another receiver"),
    "already_received": Words("重复入库", "Received here before"),
    "after_sale": Words("售出后又被扫描", "Scanned after it was sold"),
    "sold_twice": Words("重复销售", "Sold twice"),
    "after_end": Words("已使用、分装或退运后又被扫描", "Scanned after it was used, transformed or exported"),
    "found_again": Words("曾报丢失，又被扫描", "Scanned after it was reported lost"),
    "already_opened": Words("重复开箱上柜", "Opened at this counter before"),
    "nothing_to_lift": Words("该货物本身没有可解除的封存或召回", "The unit itself has no hold or recall to lift"),
    "reason_missing": Words("未写明理由或文书编号", "No reason, or no number of the document, was given"),
    "reference_missing": Words(
        "未写明记录、文书或交货单编号",
        "No number of the record, of the document or of the delivery was given",
    ),
    "witness_missing": Words("未写明销毁方式，或见证人与操作人相同", "No method, or no witness other than who did it"),
    "unknown_scheme": Words("外来码的体系未登记", "The scheme of the foreign code is not known here"),
    "outlives_input": Words("产出的到期日晚于最早到期的原料", "The output expires after its earliest input"),
    "labels_unpaired": Words("新旧码未一一对应", "New and old labels are not named one for one"),
    "mass_balance": Words("产出或使用的重量超过原有重量", "More weight came out, or was used, than there was"),
    "loss_unexplained": Words("损耗超过 3% 且未说明原因", "More than 3 % was lost without a reason"),
    "over_received": Words("收货数量多于发货数量", "More was received than was shipped here"),
    "short_stock": Words("账面数量不足", "The books have less than that"),
    "count_differs": Words("数量与账面或申报不符", "The number differs from the books, or from what was declared"),
    "not_one": Words("单件货物的数量不是 1", "One unit under one code, but another quantity than 1"),
    "lot_not_packed": Words("按数量管理的批次不随托盘移动", "A lot by quantity does not move with a pallet"),
    "refused_by_receiver": Words("收货方拒收", "The receiver refused it"),
    "corrected_late": Words("超过 24 小时才更正", "Corrected more than 24 hours after"),
    "corrects_unknown": Words("被更正的记录尚未送达", "The statement that it corrects has not arrived yet"),
}
