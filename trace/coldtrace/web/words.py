"""The sentences of the pages, one table: key, Chinese, English.

Templates ask for them by key (`t("row.product")`); a missing key or fact is an error at once, and a test compares
the keys that templates use with this table.  Facts in braces are filled in as plain text and escaped by the template.
"""

from coldtrace.errors import Fact, Lang, Words
from coldtrace.web.complaint_words import COMPLAINT_WORDS

PAGE_WORDS: dict[str, Words] = {
    # Frame
    "brand": Words("冷链追溯", "Coldtrace"),
    "brand.tagline": Words("进口冷链食品追溯", "Imported cold-chain food, traced"),
    "skip": Words("跳到正文", "Skip to content"),
    "language": Words("语言", "Language"),
    "lang.zh": Words("中文", "中文"),
    "lang.en": Words("English", "English"),
    "footer.host": Words("请确认网址以 {host} 开头。", "Check that the address begins with {host}."),
    "footer.privacy": Words("隐私说明", "Privacy"),
    "footer.home": Words("首页", "Home"),
    "not_stated": Words("未提供", "Not stated"),
    "decided_at": Words("查询时间 {at}", "Looked up {at}"),
    "what_to_do": Words("请这样做", "What to do"),
    "also": Words("同时：{headline}", "Also: {headline}"),
    "banner.no_expiry": Words("到期日没有登记，请看包装。", "No expiry date is registered; see the package."),
    "banner.sold_on_shelf": Words(
        "如果它还摆在货架上，请告知销售单位或拨打 12315。",
        "If it is still on a shelf, tell the seller or call 12315.",
    ),
    # The desk
    "desk.nav": Words("工作台", "Desk"),
    "desk.bar": Words("登录信息", "Who is signed in"),
    "stall.title": Words("手机收发", "By phone"),
    "stall.codes": Words("编码，每行一个", "Codes, one a line"),
    "stall.codes.help": Words(
        "标签二维码下方的 13 位短码、托盘号或二维码内容；横线、大小写都不要紧。",
        "The thirteen signs under the QR code, a pallet's number or what the QR code says; dashes do not matter.",
    ),
    "stall.counter": Words("柜台号（开箱上柜时填）", "Counter, when opening to one"),
    "stall.closed": Words("手机收发尚未开通", "Not opened for this place yet"),
    "stall.closed.text": Words(
        "开通后，这里输入的记录由平台代本场所签名，注明“网关”，写入公开日志。",
        "Once opened, what is entered here is signed by the platform for this place, marked “gateway”, in the public"
        " log.",
    ),
    "stall.closed.ask": Words("请本单位的管理者开通。", "Whoever manages your organisation can open it."),
    "stall.open": Words("开通", "Open it"),
    "stall.sign": Words("打印柜台码", "Print the counter's code"),
    "stall.stock": Words("查看库存", "See the stock"),
    "stall.lately": Words("最近的记录", "What was said lately"),
    "stall.none": Words(
        "还没有记录。收到第一箱货后，记录会出现在这里。", "Nothing yet. The first box received appears here."
    ),
    "stall.undo": Words("撤回", "Take back"),
    "stall.undone": Words("已撤回", "taken back"),
    "desk.home": Words("今日", "Today"),
    "desk.menu": Words("菜单", "Menu"),
    "desk.menu.close": Words("收起菜单", "Close the menu"),
    "desk.live": Words("数字随时更新。", "These numbers keep up by themselves."),
    "desk.more_than": Words("至少", "at least"),
    "desk.first": Words("从这里开始", "Where to begin"),
    "desk.who": Words("已登录。", "is signed in."),
    "desk.sign_out": Words("退出登录", "Sign out"),
    "desk.purpose": Words("查阅用途：", "Looked at for:"),
    "desk.purpose.none": Words("尚未说明。", "not said yet."),
    "desk.purpose.change": Words("更改", "Change"),
    "desk.choose": Words("选择", "Choose"),
    "desk.more": Words("下一页", "Next page"),
    "desk.secret": Words("只显示这一次，请立即保存：", "Shown this once; keep it now:"),
    "form.optional": Words("（选填）", "(optional)"),
    # Rows of the consumer's page
    "row.query": Words("本码查询", "Look-ups of this code"),
    "query.first": Words("首次查询：在您之前没有人查过此码。", "First look-up: nobody looked up this code before you."),
    "query.nth": Words("第 {count} 次查询", "Look-up number {count}"),
    "query.since": Words("首次查询 {at}", "The first was on {at}"),
    "query.hint": Words(
        "如果您刚拆开包装，次数却很多，标签可能被复制过。",
        "If you have only just opened the package and the number is high, the label may have been copied.",
    ),
    "row.product": Words("产品名称", "Product"),
    "code.label": Words("追溯码", "Trace code"),
    "code.compare": Words("与标签上的编码核对", "Compare it with the label"),
    "row.origin": Words("原产国（地区）", "Country or region of origin"),
    "row.dates": Words("日期与保质期", "Dates and shelf life"),
    "date.expiry": Words("{day} 到期", "Expires {day}"),
    "date.no_expiry": Words("到期日未提供", "Expiry date not stated"),
    "date.left": Words("还剩 {days} 天", "{days} days left"),
    "date.left_one": Words("还剩 1 天", "1 day left"),
    "date.today": Words("今天到期", "Expires today"),
    "date.past": Words("已过期 {days} 天", "{days} days past its date"),
    "date.past_one": Words("已过期 1 天", "1 day past its date"),
    "date.production": Words("生产日期", "Produced"),
    "date.shelf_life": Words("保质期", "Shelf life"),
    "row.storage": Words("贮存条件", "Storage"),
    "row.spec": Words("规格、净重、批号", "Specification, weight, lot"),
    "spec.spec": Words("规格", "Specification"),
    "spec.net": Words("净重", "Net weight"),
    "spec.lot": Words("生产批号", "Lot"),
    "row.plant": Words("境外生产企业", "Overseas plant"),
    "plant.reg": Words("在华注册编号", "Registration in China"),
    "row.importer": Words("进口商", "Importer"),
    "row.port": Words("入境口岸与日期", "Port and date of entry"),
    "row.certificate": Words("检验检疫证明", "Quarantine certificate"),
    "certificate.none": Words("未登记", "None registered"),
    "certificate.masked": Words("中间各位不公开", "The middle signs are not public"),
    "row.repack": Words("分装", "Repacking"),
    "repack.none": Words("没有分装记录", "No repacking recorded"),
    "repack.signed": Words("由该处设备签名登记", "Recorded and signed by a device of that place"),
    "row.journey": Words("流通过程", "Journey"),
    "journey.lead": Words(
        "只显示站点类型、地区和日期；每一站由现场设备签名。",
        "Shown are the kind of place, the district and the day. Each stop is signed by a device on site.",
    ),
    "journey.none": Words("还没有流通记录", "No journey recorded yet"),
    "journey.gap": Words("这一段没有人签交接记录", "Nobody signed a hand-over for this leg"),
    "journey.by_platform": Words("由平台记录，不是现场设备", "Stated by the platform, not by a device on site"),
    "journey.waiting": Words("可下载的凭证里没有这一站的全部记录", "The proof does not have all records of this stop"),
    "journey.in_transit": Words("运输途中", "On the way"),
    "journey.in_transit_note": Words("下一站还没有签收", "The next stop has not signed for it yet"),
    "journey.temperature": Words("温度：{state}", "Temperature: {state}"),
    "row.temperature": Words("全程温度", "Temperature all the way"),
    "temperature.unknown": Words(
        "没有收到温度记录。没有数据不等于合格。",
        "No temperature records were received. No data does not mean it was cold enough.",
    ),
    "temperature.in_part": Words(
        "只有部分站点有温度结论，且都在规定范围内；其余没有数据，没有数据不等于合格。",
        "Some stops state that it was within limits, the others state nothing; no data does not mean cold enough.",
    ),
    "temperature.ok": Words("收到的记录都在规定范围内。", "All records received are within limits."),
    "temperature.breach": Words("至少有一段高于规定温度。", "At least one stretch was above the limit."),
    "temperature.covered": Words("有记录的时间占 {percent}%", "Records cover {percent}% of the time"),
    "temperature.range": Words("最高 {high}，最低 {low}", "Highest {high}, lowest {low}"),
    "row.source": Words("信息来源", "Who stated it"),
    "source.none": Words("未提供", "Not stated"),
    "source.section": Words("本栏来源：{source}", "Source of this list: {source}"),
    "source.aside": Words("（来源：{source}）", " (source: {source})"),
    "source.product": Words("产品与进口信息", "Product and import facts"),
    "source.certificate": Words("检验检疫证明", "Quarantine certificate"),
    "source.journey": Words("流通过程", "Journey"),
    "source.journey_by": Words(
        "各站点设备签名，记入公开日志", "Signed by a device at each stop and kept in a public log"
    ),
    "source.journey_mixed": Words(
        "站点设备签名，部分由平台记录，记入公开日志",
        "Signed by devices on site, some stated by the platform; kept in a public log",
    ),
    "source.temperature": Words("温度", "Temperature"),
    "source.temperature_by": Words("温度记录仪与站点设备", "Temperature loggers and devices on site"),
    "row.seller": Words("销售单位", "Seller"),
    "seller.none": Words("还没有门店扫过此箱", "No shop has scanned this box yet"),
    "seller.sold": Words("{day} 售出", "Sold {day}"),
    "seller.scanned": Words("由该门店扫码登记", "Recorded by the shop's own scan"),
    "row.complaint": Words("投诉举报 · 12315", "Complain or report: 12315"),
    "complaint.how": Words(
        "拨打全国消费者投诉举报热线 12315，无需注册。请报上追溯码，并保留包装和小票。",
        "Call the national consumer hotline 12315; no account is needed. "
        "Give the trace code and keep the package and the receipt.",
    ),
    "complaint.call": Words("拨打 12315", "Call 12315"),
    "complaint.open": Words("在线投诉举报", "Complain online"),
    "row.recall": Words("召回公告", "Recall notices"),
    "recall.none": Words(
        "截至查询时，本平台没有涉及此码的召回公告。",
        "At this moment the platform holds no recall notice that covers this code.",
    ),
    "recall.published": Words("{day} 发布", "Published {day}"),
    "recall.why": Words(
        "发布召回的一方没有在公开记录中写明原因，请向销售者或 12315 询问；批次公告见下。",
        "Whoever recalled it tells the reason to those who handle the goods, not on this page. Ask the seller or 12315;"
        " notices of whole lots are below.",
    ),
    "recall.read": Words("阅读公告", "Read the notice"),
    "recall.if": Words("如果它被召回", "If it is recalled"),
    "recall.covers": Words("此码对应的货物在召回范围内，见页首。", "The goods of this code are recalled; see the top."),
    "recalls.title": Words("召回公告", "Recall notices"),
    "recalls.lead": Words(
        "这里列出本平台现在召回的批次，新的在前。请按产品和批号核对包装。",
        "These lots are recalled on this platform now, the newest first. Compare product and lot with the package.",
    ),
    "recalls.none": Words("现在没有被召回的批次。", "No lot is recalled at present."),
    "recalls.not_this": Words("这一批次现在没有召回公告。", "There is no recall notice of this lot at present."),
    "recalls.more": Words("更早的公告", "Older notices"),
    "recalls.all": Words("全部召回公告", "All recall notices"),
    "recalls.todo": Words("手里有这些产品怎么办", "If you have one of them"),
    "recalls.which_title": Words("不确定是哪一批", "If you are not sure which lot you have"),
    "recalls.which": Words(
        "扫外箱上的追溯码，或在首页输入编码：被召回的货物，页面会首先说明。",
        "Scan the trace code on the outer box, or type it in on the front page: a recall is said there first.",
    ),
    "recalls.look_up": Words("输入编码查询", "Look a code up"),
    # Proof
    "proof.title": Words("自己验证", "Check it yourself"),
    "proof.server": Words(
        "本站的结论：证明成立。{passed} 项通过，{failed} 项未通过，{not_checked} 项无法检查。",
        "This site's own result: the proof holds. {passed} checks passed, {failed} failed, {not_checked} not checked.",
    ),
    "proof.server_failed": Words(
        "本站的结论：证明不成立。{passed} 项通过，{failed} 项未通过，{not_checked} 项无法检查。",
        "This site's own result: the proof does not hold. "
        "{passed} checks passed, {failed} failed, {not_checked} not checked.",
    ),
    "proof.why": Words(
        "您不必相信本站：下载证明文件，在任何电脑上不联网也能核对每个签名，以及记录是否在公开日志里。",
        "You need not believe this site: download the proof and check every signature, and that the records are in "
        "the public log, on any computer without a network.",
    ),
    "proof.command": Words("用命令行核对下载的文件：", "Check the downloaded file on a command line:"),
    "proof.download": Words("下载证明文件", "Download the proof"),
    "proof.root": Words("下载信任根", "Download the root of trust"),
    "proof.root_note": Words(
        "信任根请与别处公布的核对：不指定它，任何人自制的文件也能“成立”。",
        "Compare the root with one published elsewhere: without it, a file of anybody's making could hold as well.",
    ),
    "proof.list": Words("在您的浏览器里做的检查", "Checks made in your browser"),
    "proof.said.ok": Words(
        "您的浏览器刚刚自己核对过：签名、日志和本页文字都对得上。",
        "Your browser has just checked for itself: signatures, log and the text of this page agree.",
    ),
    "proof.said.incomplete": Words(
        "您的浏览器没有发现不符，但必要的项目未能全部核对，因此不能说这一箱没有问题。未检查：",
        "Your browser found nothing wrong, but could not check all that is needed, so it cannot say that this box is in"
        " order. Not checked:",
    ),
    "proof.said.failed": Words(
        "您的浏览器核对时有检查没有通过，请先不要购买或食用。",
        "A check made by your browser failed. Do not buy or eat it for now.",
    ),
    "proof.said.unavailable": Words(
        "您的浏览器没能取得证明文件，没有核对。", "Your browser could not get the proof, so it checked nothing."
    ),
    "proof.said.limited": Words(
        "您的浏览器较旧，有些签名算不了，所以它没有证明任何事，这里只有本站的结论。未检查：",
        "Your browser is too old for some of the signatures, so it has proved nothing: there is only this site's word."
        " Not checked:",
    ),
    "proof.said.look": Words("详见“自己验证”", "See the checks"),
    "proof.noscript": Words(
        "浏览器没有运行脚本，所以这里只有本站的结论；用下载的文件仍可自己核对。",
        "Your browser runs no scripts, so only this site's own result is shown; the download still lets you check.",
    ),
    "proof.pending": Words(
        "这一箱的最新记录正在写入公开日志，稍后刷新即可下载证明。",
        "The newest records of this box are being written to the public log. Reload shortly to get the proof.",
    ),
    "proof.none": Words("这个编码没有可下载的证明。", "There is no proof to download for this code."),
    "proof.copy_caveat": Words(
        "签名只能证明编码由首站签发，不能证明眼前这张标签不是复制品。请同时核对包装。",
        "A signature proves that the first station issued the code, not that this very label is the original. "
        "Compare the package as well.",
    ),
    # Privacy
    "privacy.short_title": Words("关于您的隐私", "Your privacy"),
    "privacy.short": Words(
        "查询无需登录。我们只记录此码被查询的次数和时间，最细到城市和小时，不记录您是谁；页面不使用任何第三方内容。",
        "No login is needed. We keep how often this code was looked up, by hour and at most by city, not who you "
        "are. The page loads nothing from third parties.",
    ),
    "privacy.more": Words("完整的隐私说明", "The full privacy notice"),
    "privacy.title": Words("隐私说明", "Privacy notice"),
    "privacy.lead": Words(
        "扫码查询不需要姓名、电话、账号或位置。下面是全部会留下的数据。",
        "Looking up a code needs no name, phone number, account or location. This is all the data that remains.",
    ),
    "privacy.what": Words("数据", "Data"),
    "privacy.purpose": Words("用途", "Purpose"),
    "privacy.kept": Words("保留", "Kept"),
    "privacy.count": Words(
        "每个编码的查询次数，按小时和城市；首次查询时间",
        "Number of look-ups of a code, by hour and city, and the time of the first",
    ),
    "privacy.count_for": Words("让您看出标签是否被复制", "So that you can see whether a label may be copied"),
    "privacy.count_kept": Words("与该编码的记录一起", "With the record of the code"),
    "privacy.count_days": Words("{days} 天", "{days} days"),
    "privacy.address": Words("您的网络地址", "Your network address"),
    "privacy.address_for": Words("限制过于频繁的查询", "To limit look-ups that come too often"),
    "privacy.address_kept": Words(
        "只在内存中，几分钟，不写入数据库", "In memory only, for minutes, never in the database"
    ),
    "privacy.visit": Words(
        "当日访客标记（网络地址与浏览器名称的加盐哈希）",
        "A mark of the day's visit (salted hash of address and browser's name)",
    ),
    "privacy.visit_for": Words("同一人一天只算一次", "To count one visitor once a day"),
    "privacy.visit_kept": Words("当日，之后连同盐一并删除", "That day; then it goes, and its salt with it"),
    "privacy.cookie": Words("语言选择（一个 Cookie）", "Your choice of language (one cookie)"),
    "privacy.cookie_for": Words("下次用同一种语言", "To use the same language next time"),
    "privacy.cookie_kept": Words("在您的浏览器里，可随时删除", "In your browser; delete it at any time"),
    "privacy.not_title": Words("我们不做的事", "What we do not do"),
    "privacy.not_third": Words(
        "不加载第三方脚本、字体、图片或统计。", "No scripts, fonts, pictures or statistics of third parties."
    ),
    "privacy.not_profile": Words("不建立访客档案，不出售数据。", "No profiles of visitors, no sale of data."),
    "privacy.not_others": Words("不向任何人显示别人在哪里查过此码。", "Nobody is shown where others looked up a code."),
    "privacy.goods_title": Words("货物记录里有没有人", "Are there people in the goods' records"),
    "privacy.goods": Words(
        "流通记录写的是设备和站点，不是您。经手企业和人员的信息不在公开页面上；依法需要删除的字段可以抹去，而不破坏签名。",
        "The records of goods name devices and sites, not you. Firms and people who handled the goods are not on "
        "public pages, and a field that the law wants gone can be erased without breaking a signature.",
    ),
    # Other answers to a code
    "scanned": Words("扫到的内容", "What was scanned"),
    "verdict": Words("验证结果代码", "Verdict"),
    "unknown.short_code": Words(
        "手工输入的编码形如 7QK4-M2ZX-9RTB-5：十二个字符加一个校验字符，没有字母 I、L、O、U。",
        "A typed code looks like 7QK4-M2ZX-9RTB-5: twelve signs and a check character, never the letters I, L, O, U.",
    ),
    "unknown.label_title": Words("怎样找到正确的编码", "Where the right code is"),
    "unknown.label": Words(
        "追溯码贴在外箱相邻的两面，二维码下方印有同一编码。零售小包装上的条形码不是追溯码。",
        "The trace code is on two adjacent sides of the outer box, printed again in letters under the QR code. "
        "The bar code on a retail package is not a trace code.",
    ),
    "foreign.elements": Words("能读出的部分", "The parts that could be read"),
    "foreign.platform": Words("签发平台", "Issuing platform"),
    "foreign.open": Words("到该平台查询", "Look it up there"),
    "foreign.no_platform": Words(
        "没有登记它的查询网址，请看标签上的说明。", "Its look-up address is not known here; see the label."
    ),
    "refused.why_title": Words("为什么不显示产品信息", "Why no product facts are shown"),
    "refused.why": Words(
        "没有通过验证的编码可能指向任何一箱货物。为了不误导您，本页不显示登记内容。",
        "A code that does not pass could point to any box. So as not to mislead you, nothing registered is shown.",
    ),
    "recalled.title": Words("召回的是什么", "What is recalled"),
    "recalled.reason": Words("召回原因", "Why it is recalled"),
    "recalled.why": Words(
        "编码签名有效，确为首站签发；因该批次正在召回，不再显示其他登记内容。",
        "The code is validly signed by its first station; as the lot is recalled, nothing more of it is shown.",
    ),
    "pallet.title": Words("托盘标签", "Pallet label"),
    "pallet.note": Words(
        "这是托盘的编码。要查一箱货物，请扫箱子上的编码。",
        "This is the code of a pallet. To look up one box, scan the code on the box.",
    ),
    "pallet.lots": Words("托盘上的产品", "Products on this pallet"),
    "pallet.none": Words("托盘目前没有登记产品。", "No products are registered on this pallet at present."),
    "pallet.expiry": Words("到期日", "Expires"),
    "counter.title": Words("现在打开销售的批次", "Lots on sale here now"),
    "counter.lead": Words(
        "散卖的食品来自下列已开箱的批次；具体是哪一箱，请问售货员。",
        "What is sold loose here comes from these opened lots. Which of them it is, the seller can tell.",
    ),
    "counter.stopped": Words(
        "下列批次中至少有一批如此，请看清是哪一批。",
        "At least one of the lots below is so; see which.",
    ),
    "pallet.more": Words("另有 {n} 个批次", "And {n} more"),
    "counter.more": Words("另有 {n} 个批次 · 下一页", "And {n} more: next page"),
    "counter.first": Words("回到第一页", "Back to the first page"),
    "product.title": Words("产品", "Product"),
    "product.gtin": Words("商品条码", "GTIN"),
    "product.links": Words("进口商提供的链接", "Links from the importer"),
    "product.by_importer": Words(
        "链接由进口商登记，内容不经本平台核对。",
        "Registered by importers; this platform does not check what is there.",
    ),
    "place.where": Words("在哪里", "Where it is"),
    "place.role": Words("站点类型", "Kind of place"),
    "place.district": Words("所在地区", "District"),
    "place.gln": Words("位置码", "Location number"),
    "place.door": Words("门位", "Door"),
    "place.counter": Words("柜台", "Counter"),
    "place.name": Words("名称", "Name"),
    # Front page
    "front.title": Words("从口岸到餐桌，一码到底", "One code, from the port to the table"),
    "front.lead": Words(
        "每一箱进口冷链食品在首站得到一个签名的追溯码。每次进出由现场设备签名，记入公开日志，任何改动都会露出痕迹。任何人扫码，就能看到它从哪里来、经过哪里，并且自己验证。",
        "Every box of imported frozen food gets a signed code at its first station. Each move in or out is signed by a "
        "device on site and kept in a public log in which any change would show. Anyone who scans the code sees where "
        "the box has been, and can check it alone.",
    ),
    "front.open": Words("打开示例编码", "Open a sample code"),
    "front.read_api": Words("阅读接口文档", "Read the API"),
    "front.sample_label": Words("标签样张", "Sample label"),
    "front.sample_open": Words("点按标签，打开它的查询页", "Tap the label to open its page"),
    "front.step.1": Words("首站赋码", "Coded at the first station"),
    "front.step.1.text": Words(
        "首站为每一箱签发追溯码，贴在两面。", "The first station signs a code for each box and puts it on two sides."
    ),
    "front.step.2": Words("进出扫码", "Scanned in and out"),
    "front.step.2.text": Words(
        "每个站点进出都扫，没有网络也能扫，之后补传。",
        "Every site scans on the way in and out, without a network too, and sends it later.",
    ),
    "front.step.3": Words("一码到底", "One code to the end"),
    "front.step.3.text": Words(
        "组托、拆托、换手，编码不换，链条不断。",
        "On a pallet, off a pallet, hand to hand: the code stays and the chain holds.",
    ),
    "front.step.4": Words("扫码查询", "Looked up by anyone"),
    "front.step.4.text": Words(
        "消费者扫码查看，并在自己的浏览器里验证。", "A shopper scans it, reads it and checks it in their own browser."
    ),
    "front.samples": Words("打开一个编码看看", "Open a code and look"),
    "front.samples.none": Words(
        "这里还没有示例。运行 coldtrace demo 会造出一批。", "There are no samples yet. Run coldtrace demo to make some."
    ),
    "front.sample.box": Words("一箱在途或在库的货物", "A box on its way or in store"),
    "front.sample.box.text": Words("来源、日期、流通过程和证明", "Origin, dates, journey and proof"),
    "front.sample.sold": Words("一箱已售出的货物", "A box that was sold"),
    "front.sample.sold.text": Words("消费者买到后看到的页面", "What the buyer sees"),
    "front.sample.recalled": Words("一箱被召回的货物", "A box under recall"),
    "front.sample.recalled.text": Words("先说怎么办，再说为什么", "First what to do, then why"),
    "front.sample.pallet": Words("一个托盘", "A pallet"),
    "front.sample.pallet.text": Words("托盘标签打开的是它自己的页面", "A pallet label opens its own page"),
    "front.sample.place": Words("一个站点的门", "The door of a site"),
    "front.sample.place.text": Words("工作人员收发货前先扫的编码", "What staff scan before goods move"),
    "front.sample.tampered": Words("一个被改过的编码", "A code that was altered"),
    "front.sample.tampered.text": Words("改动一个字符，验证就不通过", "Change one sign and the check fails"),
    "front.sample.foreign": Words("其他平台的编码", "A code of another platform"),
    "front.sample.foreign.text": Words("能读出什么，到哪里去查", "What can be read, and where to ask"),
    "front.sample.unknown": Words("一个没有登记的编码", "A code that is not registered"),
    "front.sample.unknown.text": Words("不知道就说不知道", "What is not known here, the page says"),
    "front.lookup": Words("输入标签上的编码", "Type the code on a label"),
    "front.lookup.hint": Words(
        "十三个字符，印在二维码下方；横线和大小写都不要紧。",
        "Thirteen signs, printed under the QR code; dashes and capitals do not matter.",
    ),
    "front.lookup.go": Words("查询", "Look up"),
    "front.api": Words("接口", "The API"),
    "front.api.text": Words(
        "信任列表、日志检查点和每个编码的证明都是公开的，不需要令牌。写入和查询单元需要令牌或设备签名。",
        "The trust list, the log's checkpoint and the proof of every code are public and need no token. Writing, and "
        "asking about units, needs a token or a device's signature.",
    ),
    "front.api.try": Words("现在就能试：", "Try it now:"),
    "front.api.docs": Words("接口文档", "API documentation"),
    "front.api.openapi": Words("OpenAPI 描述文件", "OpenAPI description"),
    "front.api.trust": Words("信任列表", "Trust list"),
    "front.api.checkpoint": Words("日志检查点", "Log checkpoint"),
    "front.labels": Words("下载示例标签（PDF）", "Download the sample labels (PDF)"),
    "front.desk": Words("企业与监管人员登录", "Sign in, for firms and authorities"),
    "front.next": Words("接下来", "What comes next"),
    "front.next.text": Words(
        "这是第一段路：窄，但从头到尾走得通。下面这些还没有。",
        "This is the first stretch of the road: narrow, but it goes all the way. What is not here yet:",
    ),
    "front.next.temperature": Words("温度记录仪和全程温度", "Temperature loggers and the temperature all the way"),
    "front.next.recall": Words("召回、封存和召回演练", "Recalls, holds and recall drills"),
    "front.next.desk": Words("企业与监管部门的工作台", "A desk for firms and regulators"),
    "front.next.witness": Words("由第三方见证的日志", "A log with independent witnesses"),
    "front.demo": Words(
        "这是演示数据，企业与货物都是虚构的。", "This is a demo world; its firms and goods are invented."
    ),
    # The desk: code runs and their labels
    "runs.title": Words("赋码批", "Code runs"),
    "runs.none": Words(
        "还没有赋码批。请先导入装箱单，或领取预制码卷。",
        "There are no code runs yet. Import a packing list, or draw a roll of blank codes.",
    ),
    "runs.subject": Words("赋码批", "Run"),
    "runs.station": Words("首站", "First station"),
    "runs.codes": Words("码数", "Codes"),
    "runs.state": Words("状态", "State"),
    "runs.created": Words("开始时间", "Begun"),
    "runs.kind.consignment": Words("报关单", "Declaration"),
    "runs.kind.roll": Words("预制码卷", "Roll"),
    "runs.no_gtin": Words("无 GTIN", "No GTIN"),
    "runs.drawn": Words("已全部签发", "All drawn"),
    "runs.drawing": Words("正在签发", "Being drawn"),
    "runs.older": Words("更早的赋码批", "Older runs"),
    "run.title": Words("赋码批进度", "Progress of a code run"),
    "run.codes_drawn": Words("码已全部签发", "All codes are drawn"),
    "run.codes_drawing": Words("正在签发追溯码", "Drawing codes"),
    "run.refresh": Words("本页每 3 秒自动更新。", "This page looks again every 3 seconds."),
    "run.look_again": Words("再看一次进度", "See how far it is now"),
    "run.roll.open": Words("这一卷：证书、绑定批次", "This roll: certificate, binding to lots"),
    "run.key": Words("签名密钥", "Signing key"),
    "run.reprints": Words("补打次数", "Reprints"),
    "run.jobs": Words("标签", "Labels"),
    "run.jobs.none": Words("还没有打印任务。", "Nothing has been printed yet."),
    "run.job": Words("{layout} 毫米", "{layout} mm"),
    "run.job.a4": Words("A4 纸", "A4"),
    "run.job.running": Words("进行中，最近更新", "Under way, last heard of"),
    "run.job.done": Words("已完成", "Done"),
    "run.job.failed": Words("已中断，可以接着打印", "Broken off; it can be taken up again"),
    "run.download": Words("下载标签", "Download labels"),
    "run.roll": Words("码卷编号", "Numbers of the roll"),
    "run.roll.bound": Words("已绑定", "Bound"),
    "run.roll.unused": Words("未使用", "Unused"),
    "run.roll.skipped": Words("跳过（后面的号已使用）", "Skipped (a later number is used)"),
    "run.roll.double_bound": Words("重复绑定", "Bound twice"),
    "run.roll.voided": Words("已作废", "Voided"),
    "run.roll.none": Words("无", "None"),
    **COMPLAINT_WORDS,
    # Errors
    "error.request_id": Words("请求编号", "Request"),
    "error.quote": Words("联系我们时请附上这个编号。", "Please quote this number when you write to us."),
    "error.retry": Words("请在 {seconds} 秒后再试。", "Please try again in {seconds} seconds."),
    "error.home": Words("回到首页", "Go to the front page"),
    "error.code": Words("错误代码", "Error code"),
}


def page_words(key: str, lang: Lang, **facts: Fact) -> str:
    """Return the sentence `key`; a key or fact that is missing raises KeyError, since that is a bug."""
    return PAGE_WORDS[key].say(lang, **facts)
