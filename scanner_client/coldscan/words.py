"""What the scan loop says, in both languages.  `{name}` stands for a fact."""

from coldscan.own_word import OwnState
from coldtrace.errors import Words

# What happened to the goods; `unit` is a short form that a person can compare with the label.
COMMISSIONED = Words("已赋码 {unit}，本堆第 {count} 箱", "Commissioned {unit}, number {count} on the pile")
PICKED = Words("已加入本堆 {unit}，第 {count} 箱", "Picked {unit}, number {count} on the pile")
PACKED = Words("已组托 {unit}，共 {count} 箱", "Packed {unit} with {count} cartons")
UNPACKED = Words("已从 {parent} 取出 {unit}", "Took {unit} off {parent}")
SHIPPED = Words("已出库 {unit}，发往 {to}", "Shipped {unit} to {to}")
RECEIVED = Words("已入库 {unit}", "Received {unit}")
SOLD = Words("已售出 {unit}", "Sold {unit}")
STORED = Words("已移到 {place}，共 {count} 件", "Moved to {place}: {count}")
COUNTED = Words("已清点 {unit}，此处第 {count} 件", "Counted {unit}, number {count} here")
OPENED = Words("已开箱 {unit}", "Opened {unit}")
HELD_NOW = Words("已封存 {unit}（{reason}），请单独存放", "On hold: {unit} ({reason}); set it aside")
DESTROYED = Words("已记录销毁 {count} 件", "Recorded as destroyed: {count}")
REPACKED = Words("已分装：投入 {inputs} 件，产出 {outputs} 件", "Repacked: {inputs} went in, {outputs} came out")
UNDONE = Words("已撤销 {at} 的“{operation}”，可以重新扫描", "Taken back: {operation} at {at}; scan again what is right")

# Amber is said behind the sentence above.
STALE = Words("；签名有效，{since} 之后的状态未知", "; signature valid, status unknown since {since}")
OTHER_HOST = Words("；域名 {host} 不在名单上，请核对标签", "; the host {host} is not on the list, look at the label")
MAYBE_STOPPED = Words(
    "；该码可能已作废或召回，也可能是误命中（约 {of} 分之一），请联网查询确认",
    "; it may be voided or recalled, or a chance hit (about 1 in {of}): look it up online",
)
HELD_HERE = Words(
    "；{since} 的名单上有这一件：已封存、召回或销毁（名单不分哪一种），请单独存放，联网可查",
    "; it is on the list of {since}: on hold, recalled or destroyed, the list does not say which; set it aside, it can"
    " be looked up online",
)
LOT_HELD = Words(
    "；{since} 的名单上有这一整批：已封存或召回，请单独存放",
    "; its whole lot is on the list of {since}: on hold or recalled; set it aside",
)
OWN_WORDS = {
    OwnState.HELD: Words("；本机自 {at} 起已封存，请单独存放", "; on hold by this device since {at}: set it aside"),
    OwnState.DESTROYED: Words("；本机已于 {at} 记录销毁", "; recorded as destroyed by this device at {at}"),
    OwnState.SOLD: Words("；本机已于 {at} 记录售出，请核对标签", "; sold by this device at {at}: look at the label"),
    OwnState.TRANSFORMED: Words(
        "；本机已于 {at} 把它投入分装，请核对标签", "; this device put it into a repacking at {at}: look at the label"
    ),
}

# Picks: nothing is stored before the card or place that ends them.
PICKED_TO_MOVE = Words("{unit}，第 {count} 件；再扫新的位置", "{unit}, number {count}; then scan the new place")
PICKED_TO_DESTROY = Words(
    "{unit}，第 {count} 件；扫“确认”后才记录销毁", "{unit}, number {count}; nothing is recorded before CONFIRM"
)
PICKED_INPUT = Words(
    "投入 {unit}，第 {count} 件；扫完后确认", "Goes in: {unit}, number {count}; CONFIRM when all are in"
)
PICKED_OUTPUT = Words("产出 {unit}，第 {count} 件；扫完后确认", "Comes out: {unit}, number {count}; CONFIRM when done")
INPUTS_DONE = Words("投入 {count} 件，请扫新标签，然后确认", "{count} go in; now scan the new labels, then CONFIRM")
PUT_BACK = Words("已从本堆取下最后一件，还有 {count} 件", "Took the last one off the pile; {count} are left")
OPERATION_LET_GO = Words(
    "；先前的作业已取消，请重新扫描作业指令", "; the operation before is let go, scan an operation card again"
)
PICKS_DROPPED = Words(
    "；先前选中的 {count} 件已取消，没有记录", "; {count} that were picked before are let go, nothing was recorded"
)

# The hard stop.
HELD = Words("{unit} 不得出库或销售", "{unit} must not be shipped or sold")
DESTROYED_BEFORE = Words("{unit} 已销毁，不能再作业", "{unit} was destroyed; nothing is done with it any more")

# Repeats: nothing new is queued.
REPEATED = Words("重复：{unit} 在 {at} 已记录过", "Repeat: {unit} was already recorded at {at}")
ON_PILE = Words("重复：{unit} 已在本堆上", "Repeat: {unit} lies on the pile already")

# What is missing before this scan can count.
NO_OPERATION = Words("请先扫描作业指令（入库、出库……）", "Scan an operation first (IN, OUT, ...)")
NOT_ALLOWED = Words(
    "本机无权进行“{operation}”（由场所角色和登记邀请决定，如有变动请同步）",
    "This device may not do: {operation} (the role of its site and its invitation decide; sync if that has changed)",
)
NO_DESTINATION = Words("请先扫描收货方的场所码", "Scan the place code of the receiver first")
NO_PALLET = Words("请先扫描托盘标签", "Scan the pallet label first")
EMPTY_PILE = Words("本堆没有箱子，托盘 {unit} 未组托", "The pile is empty; pallet {unit} was not packed")
FULL_PILE = Words("本堆已满 {count} 箱，请先扫描托盘标签", "The pile is full with {count} cartons; scan a pallet label")
NO_FACTS = Words(
    "本机没有 {lot} 的批次资料，不能赋码；请同步后再试",
    "This device has no facts for {lot}, so it cannot commission it; sync and try again",
)
NO_LOT = Words(
    "本机不知道 {unit} 属于哪一批，也没有这卷标签的证书，不能赋码；请同步，或由办公室绑定批次，然后重扫",
    "This device knows neither the lot of {unit} nor a roll with it, so it cannot commission it; sync, or have the desk"
    " bind the label to its lot, and scan again",
)
LOT_FIRST = Words(
    "{unit} 是卷标：请先扫描纸箱上的原厂条码 (01)(10) 选定批次",
    "{unit} is a label of a roll: scan the maker's (01)(10) barcode on the carton first, it chooses the lot",
)
OTHER_LOT = Words(
    "{unit} 属于批次 {own}，不是选定的 {chosen}；请换标签，或扫“下一单”",
    "{unit} is of lot {own}, not of the chosen {chosen}; take another label, or scan NEXT",
)
OTHER_PRODUCT = Words(
    "{unit} 的这卷标签只能贴商品 {gtin}；请换一卷", "{unit} is of a roll for product {gtin} alone; take another roll"
)
LOT_SET = Words("批次：{product} {lot}；请贴标并扫描", "Lot: {product} {lot}; stick labels on and scan them")
BOUND_LATE = Words("；这卷标签已过绑定期，记录会注明", "; the roll's time to be bound is over, the record says so")
NOT_A_CARTON = Words("这不是箱码，此作业只接受箱码", "This is no carton code; this operation takes cartons only")
NOT_HERE = Words("这个码在此作业中没有用处", "This code has no meaning in this operation")
SHORT_UNKNOWN = Words(
    "本机没有读过短码 {short}，请扫描完整的码", "This device has not read {short} before; scan the full code"
)

# Commands and places.
OPERATION_SET = Words("作业：{operation}", "Operation: {operation}")
PILE_OPEN = Words("；本堆还有 {count} 箱未组托", "; {count} cartons on the pile are not packed yet")
NEXT = Words(
    "开始下一单：作业不变；收发货方、托盘、原因已清空，已保存的记录都在",
    "Next job, same operation: counterparty, pallet and reason are forgotten; what was saved stays saved",
)
NEXT_PILE = Words(
    "开始下一单：作业不变；选中而未收尾的 {count} 件没有记录，如需要请重新扫描；已保存的都在",
    "Next job, same operation: {count} that were picked and not finished are NOT recorded, scan them again if they"
    " count; what was saved stays saved",
)
UNDO = Words("撤销", "Take back")
NOTHING_TO_UNDO = Words("没有可以撤销的记录", "There is nothing to take back")
TOO_OLD_TO_UNDO = Words(
    "上一条记录是 {at} 的，已不能在本机撤销；请由办公室更正",
    "The last record is of {at}, too old to be taken back here; have the desk correct it",
)
NOTHING_TO_CONFIRM = Words("没有需要确认的事", "There is nothing to confirm")
REASON_SET = Words("原因：{said}", "Reason: {said}")
METHOD_SET = Words("方式：{said}", "Method: {said}")
WITNESS_SET = Words("见证人：{said}", "Witness: {said}")
NO_REASON = Words("请先扫描原因卡", "Scan the card of the reason first")
UNKNOWN_REASON = Words(
    "没有“{value}”这种原因；原因卡有：{known}。请扫描其中一张",
    "There is no reason {value}; the cards are: {known}. Scan one of them",
)
UNKNOWN_METHOD = Words(
    "没有“{value}”这种销毁方式；方式卡有：{known}。请扫描其中一张",
    "There is no method {value}; the cards are: {known}. Scan one of them",
)
NO_METHOD = Words("请先扫描销毁方式卡和见证人卡", "Scan the cards of the method and of the witness first")
NO_PLACE = Words("请先扫描所在位置的场所码", "Scan the code of the place first")
NO_GOODS = Words("请先扫描货物", "Scan the goods first")
UNSIGNED_PLACE = Words(
    "这是没有签名的场所码，不能采用；请扫描打印的库门码",
    "This is a place without a signature, so it counts for nothing; scan the printed door code",
)
OTHER_PLACE = Words("这不是本站的位置", "That is no place of this site")
ALREADY_INPUT = Words("{unit} 是投入的货物，不能同时是产出", "{unit} goes in; it cannot come out as well")
COUNT_ENDED = Words("盘点结束：{count} 件；开始下一单", "Counted: {count}; ready for the next")
TO_SET = Words("收货方：{place}", "Receiver: {place}")
FROM_SET = Words("发货方：{place}", "Sender: {place}")
DOOR_SET = Words("库门：{place}", "Door: {place}")
PALLET_SET = Words("正在拆托 {unit}，请逐箱扫描", "Unpacking {unit}; scan each carton")

# The store could not take it.  Said instead of a success, never after one.
NOT_STORED = Words(
    "未保存！本机存储有问题（{reason}）；请停止作业并检查磁盘空间",
    "NOT STORED! The store of this device has a fault ({reason}); stop work and check the disk space",
)

# The line below the panel.
FOOTER = Words(
    "{site} · {operation} · 未发送 {unsent}{oldest} · 信任名单{age}",
    "{site} · {operation} · unsent {unsent}{oldest} · trust list {age}",
)
OLDEST = Words("（最早 {age}）", " (oldest {age})")
AGE_OLD = Words("已过期，{age}前签发", "EXPIRED, issued {age} ago")
AGE = Words("{age}前签发", "issued {age} ago")
READY = Words("就绪，请扫描", "Ready to scan")
CLOCK_WRONG = Words(
    "时钟与服务器相差约 {skew_s} 秒；可以继续扫描，记录会注明",
    "The clock differs from the server by about {skew_s} seconds; go on scanning, the records say so",
)
CLOCK_BEHIND = Words(
    "时钟早于上次同步的时间 {server}；可以继续扫描，请校准时钟",
    "The clock stands before the last sync at {server}; go on scanning and set the clock",
)
