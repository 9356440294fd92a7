"""What the API's reader says beside the OpenAPI document: names of groups, and each call in Chinese.

The English of a call is its route's docstring; a test sees to it that no call lacks its Chinese.
"""

from coldtrace.errors import Words

TITLE = Words("接口", "The API")
LEAD = Words(
    "同一套接口供手持机、企业系统和监管系统使用。被拒绝的请求返回 `problem+json`，"
    "其中的 `code` 固定不变，说明随调用方语言。",
    "One API for handhelds, firms' own systems and regulators. A refusal is `problem+json`: its `code` is stable,"
    " its words are in the caller's language.",
)
TRY = Words("试一试", "Try it")
CONTENTS = Words("目录", "Contents")
CREDENTIALS = Words("凭证", "Credentials")
OPENAPI = Words("OpenAPI 描述文件", "OpenAPI description")
PARAMETERS = Words("参数", "Parameters")
REQUIRED = Words("必填", "required")
BODY = Words("内容类型", "Body")
ANSWERS = Words("成功时", "Answers")

ACCESS: dict[str, Words] = {
    "public": Words("公开", "Public"),
    "token": Words("令牌", "Token"),
    "either": Words("令牌或设备签名", "Token or device"),
}
ACCESS_MEANING: dict[str, Words] = {
    "public": Words(
        "不需要凭证；每个地址每分钟限次。", "No credentials; a limited number of requests a minute and address."
    ),
    "token": Words(
        "`Authorization: Bearer …`；用 `coldtrace tokens new` 建立，开发环境由 `make run` 显示。",
        "`Authorization: Bearer …`; made by `coldtrace tokens new`, printed by `make run` for development.",
    ),
    "either": Words(
        "令牌，或已注册手持机对整个请求的签名（`Authorization: CTDevice …`）。",
        "A token, or an enrolled handheld's signature over the whole request (`Authorization: CTDevice …`).",
    ),
}

GROUPS: dict[str, Words] = {
    "statements": Words("签名记录", "Statements"),
    "imports": Words("装箱单导入", "Workbook import"),
    "consignments": Words("批次", "Consignments"),
    "papers": Words("单证", "Papers"),
    "labels": Words("标签", "Labels"),
    "units": Words("货物", "Units"),
    "gateway": Words("网关记录", "Gateway statements"),
    "stock": Words("库存与在途", "Stock and transit"),
    "vouchers": Words("出入库凭证", "Vouchers"),
    "today": Words("今日要事", "Today"),
    "runs": Words("赋码批", "Code runs"),
    "rolls": Words("预签发卷标", "Pre-issued rolls"),
    "cases": Words("异常", "Cases"),
    "complaints": Words("投诉", "Complaints"),
    "devices": Words("设备", "Devices"),
    "organisations": Words("单位与场所", "Organisations and sites"),
    "people": Words("人员与令牌", "People and tokens"),
    "codes": Words("追溯码", "Codes"),
    "trust": Words("信任列表", "Trust list"),
    "log": Words("公开日志", "Public log"),
    "webhooks": Words("推送", "Webhooks"),
    "journal": Words("审计日志", "Journal"),
    "health": Words("运行状态", "Health"),
}

_CODE = (
    "回答扫到的码：`text/html` 是页面，`application/linkset+json` 是链接集，"
    "`application/vnd.coldtrace.proof+json` 是证明文件；未通过的码返回 `problem`，`code` 为验证结果。"
)
CHINESE: dict[str, str] = {
    "POST /api/v1/statements": "保存一条（对象）、多条（数组）或逐行（`NDJSON`）的签名记录，202 并逐条返回回执。"
    "单独一条：接受 202，重复 200，拒绝 `4xx`；`Prefer: wait=N` 最多等 N 秒（上限 10）直到写入日志，201 并附证明；"
    "等待者过多或日志出现故障时不等待。",
    "POST /api/v1/statements/check": "说明这些记录会得到什么结果，不保存任何内容。",
    "GET /api/v1/statements/{entry_id}/pieces": "返回一条记录的表头和各部分原文；"
    "被依法抹除的私有部分给出剩余内容和抹除时间。",
    "GET /api/v1/journal": "返回本单位人员的操作，以及他人对本单位数据的查看与更改，新的在前；"
    "`next` 是下一页的 `after`。"
    "他人的记录只显示单位、角色和用途，不显示个人，所涉单位只显示本单位。",
    "POST /api/v1/imports": "导入报关行的装箱单：201 并返回批次；有错误时 422，逐处列出工作表、行、列。"
    "首站或进口商须为您的单位（否则 403 `not_your_import`）。"
    "`Accept` 为 `xlsx` 类型时返回写有批注的副本，不保存任何内容。`broker` 按本单位为该报关行记住的列名读取。",
    "GET /api/v1/imports/columns": "返回本单位为某报关行记住的列名含义：规范后的列名对应字段。",
    "PUT /api/v1/imports/columns": "记住某报关行列名的含义，以后其装箱单都按此读取；字段为空即忘记该列名。",
    "GET /api/v1/imports/template": "返回空白模板，含表头、说明和一行示例。",
    "POST /api/v1/imports/{consignment_id}/undo": "撤销一次导入，直到其中有货物出库为止。",
    "GET /api/v1/consignments": "返回已导入的批次，新的在前；`next` 用作下一页的 `after`。"
    "`search` 是报关单号的开头，或完整的集装箱号、批号。",
    "GET /api/v1/consignments/{consignment_id}": "返回一份装箱单成为了什么：申报内容、批号、托盘和赋码批。"
    "`bound` 是该批号已赋码的箱数，无权查看货物者为空；`pallets_next` 用作下一百个托盘的 `pallets_after`。",
    "GET /api/v1/declarations": "返回尚待正式报关单的批次，旧的在前；`next` 用作下一页的 `after`。"
    "`overdue` 只列已逾期的。",
    "GET /api/v1/consignments/{consignment_id}/declaration": "返回报关单号、预录入时的期限，以及补录、更正了什么。",
    "PUT /api/v1/consignments/{consignment_id}/declaration": "补录预录入报关单的正式编号及不同之处；"
    "或更正正式报关单并写明原因。重复提交不变。原有内容保留在 `changes`；已签名的商品信息不变。",
    "PUT /api/v1/consignments/{consignment_id}/channel": "登记批次的进口方式；单证规则按此适用。未登记的按一般贸易。",
    "POST /api/v1/papers": "保存批次的一份单证及其文件：PDF、JPEG 或 PNG，按内容判断。新的返回 201，重复上传返回 200。"
    "单证不作修改：带 `replaces` 的新单证取代旧的，旧的保留在清单中。",
    "GET /api/v1/papers": "返回单证，新的在前；`next` 用作下一页的 `after`。"
    "`ends_within_days` 是若干天内到期或已过期的；`current` 不含已被替换的。",
    "GET /api/v1/papers/{paper_id}": "返回一份单证及全部核对记录，新的在前。",
    "GET /api/v1/papers/{paper_id}/file": "以附件形式返回上传时的文件。",
    "POST /api/v1/papers/{paper_id}/checks": "记录核对结论：`checked` 与纸质单证一致，`verified` 已向签发机构核实，"
    "`rejected` 驳回并写明原因。不能核对自己上传的单证（403 `own_paper`）。最后一次结论有效，以前的保留。",
    "GET /api/v1/consignments/{consignment_id}/lacking-papers": "返回该批次此刻出库会被拦截或提醒所缺的单证。",
    "GET /api/v1/paper-policies": "返回全部单证规则的全部版本，新的在前；`next` 用作下一页的 `after`。"
    "`in_force` 的是此刻出库所依据的。",
    "POST /api/v1/paper-policies": "新增一条规则的下一个版本，自生效日起取代以前的版本。"
    "要停用，请新增带 `until` 的版本。以前的出库不会重新判断。",
    "GET /api/v1/runs/{run_id}/labels": "边生成边返回一批码的标签：一个 PDF、`ZPL` 或 `CSV`，或图片压缩包；"
    "每张放行前都经检查。中途有标签被拒绝时传输会中断：不完整的内容不是文件。",
    "GET /api/v1/runs/{run_id}/jobs": "返回一批码最近的打印任务及其进度。",
    "GET /api/v1/printers": "按名称返回已配置的打印机；不含地址。",
    "POST /api/v1/runs/{run_id}/print": "把一批标签发送到已配置的打印机，或从上次中断处继续。返回 202 和任务；"
    "进度见 `GET .../jobs`。`position` 指定从第几张起。",
    "POST /api/v1/labels/reprint": "补打标签，码不变；记录谁、何时、为何。已作废的码拒绝补打。",
    "GET /api/v1/labels/reprints": "返回补打记录，新的在前；`next` 用作下一页的 `after`，`hint` 表示同一件补打过多。",
    "GET /api/v1/statements": "返回您可见范围内的记录，新的在前；`next` 用作下一页的 `after`。",
    "GET /api/v1/units/{unit}": "返回一件货物的状态、所在、托盘、内含和经历：`(01)gtin(21)serial` 或 `(00)sscc`。"
    "`made_of` 是它由哪些货物分装或换码而来，`made_into` 是由它制成的货物，各至多 200 件。"
    "`holder` 是所在场所所属单位；`stock` 是批次在各处的件数，至多一千处，`stock_next` 用作下一页的 `stock_after`。"
    "经历按发生时间分页，`next` 用作下一页的 `after`；本页各条之间有您不可查看的记录时，`hidden` 含 `history`。",
    "PUT /api/v1/sites/{gln}/gateway": "为一个场所开通网关：平台为其生成密钥并签发证书，记入公开日志；已开通则不变。"
    "吊销该密钥即关闭，重新开通会换新密钥。需要本单位管理者的令牌。",
    "POST /api/v1/gateway/statements": "企业自己的系统用普通事实陈述，由该场所的网关签名，并标明 `by` 为 `gateway`。"
    "一次至多 1000 条，逐条按顺序回答；`ref` 与内容都相同为 `repeat` 并返回首次回执，内容不同则拒绝（`ref_conflict`）。"
    "一条有误不影响其他各条。",
    "GET /api/v1/units/{unit}/children": "按编码顺序返回一件货物中直接装有的货物；`next` 用作下一页的 `after`。"
    "装入它的记录可见时才给出。",
    "GET /api/v1/units/{unit}/evidence.csv": "以 `CSV` 返回一件货物经历中您可见的每条记录及其被签名的原文，"
    "包括后来更正的；属于导出，须说明用途（请求头 `Coldtrace-Purpose`）。"
    "可读者给出私有部分，货物清单只给该货物自己的一行。",
    "GET /api/v1/today": "返回本单位此刻待办的数目：`expected` 待收、`in_transit` 在途、`cases` 待处理异常、"
    "`overdue` 已逾期、`silent` 一天没有联系的设备；数到 `most` 为止，等于它即为“至少”。",
    "GET /api/v1/sites/{gln}/stock": "返回一个场所的库存，托盘为一行；`next` 用作下一页的 `after`。",
    "GET /api/v1/sites/{gln}/expected": "返回发货方已发往该场所的货物；`voucher` 是出库记录，"
    "见 `/api/v1/vouchers/{id}`。",
    "GET /api/v1/sites/{gln}/in-transit": "返回该场所已发出、尚无人收货的货物。",
    "GET /api/v1/sites/{gln}/lots": "返回每个批次在该场所的件数：托盘上的、散放的、按数量记的合计，以及到期日。"
    "`next` 用作下一页的 `after`。没有批次的货物只在 `/stock` 中。",
    "GET /api/v1/sites/{gln}/near-expiry": "按所在城市的标准返回临期或已过期的批次，最早到期的在前。"
    "`rules` 是该城市现行的标准，没有则为空；`confirmed` 为 `false` 表示尚未与当地原文核对。",
    "GET /api/v1/sites/{gln}/lots.csv": "以 `CSV` 返回全部；属于导出，须说明用途（请求头 `Coldtrace-Purpose`）。",
    "GET /api/v1/near-expiry-rules": "返回各地临期标准，含过去和预定的；`next` 用作下一页的 `after`。"
    "取区划代码匹配最长的区域，再取达到的最长保质期档。",
    "POST /api/v1/near-expiry-rules": "自某日起（不早于今天）启用一条标准，取代同一区域、同一保质期档的；"
    "`confirmed` 表示您已与当地原文核对。",
    "GET /api/v1/sites/{gln}/near-expiry.csv": "以 `CSV` 返回全部；属于导出，"
    "须说明用途（请求头 `Coldtrace-Purpose`）。",
    "GET /api/v1/sites/{gln}/discrepancies": "返回一个场所未结案的收发差异：数量不符、拒收、发出后久未收到，新的在前。"
    "它们与 `/api/v1/cases` 中的是同一批异常；`voucher` 是出库记录，见 `/api/v1/vouchers/{id}`。"
    "`next` 用作下一页的 `after`。",
    "GET /api/v1/sites/{gln}/vouchers": "返回发往该场所（`in`）或由其发出（`out`）的出库凭证，新的在前；"
    "`number` 按凭证号查找，`next` 用作下一页的 `after`。",
    "GET /api/v1/vouchers/{id}": "返回一张出库凭证及每一行的下落，只给发货方和所指明的收货方。"
    "入库从状态为 `expected` 的 `items` 开始；`states` 与 `discrepancies` 统计全部各行；"
    "`extra` 是按此凭证收到、却不在凭证上的货物。`next` 用作下一页的 `after`。",
    "GET /api/v1/runs": "返回赋码批，新的在前；`next` 用作下一页的 `after`。",
    "GET /api/v1/runs/{run_id}": "返回一批码已生成多少、共需多少。",
    "POST /api/v1/rolls": "签发一卷未定批次的码，并生成其序号证书；需要令牌。"
    "中断后用 `coldtrace codes resume` 续签，证书在首次下载时生成。",
    "GET /api/v1/rolls": "返回卷标清单，新的在前；`next` 用作下一页的 `after`。",
    "POST /api/v1/rolls/bind": "把卷标上的码绑定到一个批次，逐个回答：`bound` 已绑定，`repeat` 重复，"
    "`double_bound` 已属另一批次（记为异常，不改动），`refused` 并说明原因。设备只能为本场所绑定。",
    "GET /api/v1/rolls/{roll_id}": "返回一卷及其已用、未用、重复绑定和作废的数量。",
    "GET /api/v1/rolls/{roll_id}/certificate": "返回该卷已签名的序号证书，`envelope` 为原文。",
    "GET /api/v1/rolls/{roll_id}/numbers": "返回未用、跳号、重复绑定或作废的序号，按相邻区间列出；"
    "跳号指后面已有使用的未用序号。`next` 用作下一页的 `after`。",
    "POST /api/v1/codes/resolve": "说明一段扫码或键入的文字在此是什么；读不出的文字记为异常。"
    "`resolver` 是读法，`name` 是它在此指什么，`also` 是其他在此无所指的读法；"
    "两种读法各有所指时 409 `ambiguous_code`，输错号码时 400。",
    "GET /api/v1/product-links": "列出本单位登记且未停用的产品链接。",
    "POST /api/v1/product-links": "为本单位进口的产品或批次登记一类链接；批次的优先。重复登记返回已有链接。",
    "DELETE /api/v1/product-links/{link_id}": "停用链接：扫码不再指向它，记录保留。",
    "GET /.well-known/gs1resolver": "说明本解析服务支持的主键和链接类型。",
    "POST /api/v1/codes/void": "作废从未使用或已损坏的标签，全部成功或全部不动；需要令牌。"
    "409 `in_circulation` 指出第一个已贴在货物上的标签，这类货物应暂停销售或召回。",
    "GET /api/v1/cases": "返回需要人看的事项，新的在前；`next` 用作下一页的 `after`。"
    "默认只列未结案的（`state`）；可按类型 `kind`、场所 `site`、责任单位 `organisation`、标记 `mark`"
    "（`late` 即监管清单）、我认领的 `mine`、已逾期 `overdue`、若干小时内到期 `due_in_h` 筛选。",
    "GET /api/v1/cases/late": "按设备返回最近几天收到的记录迟到多少：超过 15 分钟、24 小时、72 小时各多少条。",
    "GET /api/v1/cases/{case_id}": "返回一个异常及其证据：有关记录、货物经历、同一编号下的其他内容；无权查看的不列出。"
    "`proposals` 是可一键作出并结案的记录（`ready`：该场所有网关可签署），`choices` 是此后已有、可用于结案的记录；"
    "只给可结案者。",
    "POST /api/v1/cases/{case_id}/take": "认领一个异常；已由其他单位的人认领时 409 `case_taken`。",
    "POST /api/v1/cases/{case_id}/assign": "指派给您管理的一位人员，由其处理；"
    "无权处理者 409 `assignee_unfit`，不归您管理者 404 `person_unknown`。",
    "POST /api/v1/cases/{case_id}/hand-over": "把异常移交给另一个有关单位的办公室。",
    "POST /api/v1/cases/{case_id}/resolve": "用一条新的记录结案：类型见 `resolutions`，须涉及同一货物或同一设备。"
    "也可给出 `proposal`：由该场所的网关签署该记录并结案，否则什么也不留下；重复提交得到同一结果；"
    "情况已变时返回 409 `proposal_unfit`。",
    "POST /api/v1/cases/{case_id}/explain": "用一个说明结案，仅限 `explanations` 列出的：涉及设备、标签或时间的异常。",
    "POST /api/v1/cases/take": "批量认领，最多 100 个，逐个回答。",
    "POST /api/v1/cases/assign": "把最多 100 个异常指派给同一位人员，逐个回答。",
    "POST /api/v1/cases/close": "用一条记录（`statement`）或一个说明（`note`）批量结案，最多 100 个，逐个回答。",
    "GET /api/v1/oversight": "返回您可查看场所的覆盖率、及时性、规范性和最近 24 小时流量；"
    "期间按世界协调时整日计算，不含个人信息。",
    "GET /api/v1/oversight/operators": "按单位返回数据质量及其组成；`formula` 为计算公式；"
    "`next` 用作下一页的 `after`。",
    "GET /api/v1/oversight/operators.csv": "以 `CSV` 返回各单位的数据质量；"
    "属于导出，须说明用途（请求头 `Coldtrace-Purpose`）。",
    "GET /api/v1/complaints": "返回辖区内的投诉，新的在前；`next` 用作下一页的 `after`。"
    "默认只列未办结的（`which`）；可按问题 `subject`、货物 `unit`、已逾期 `overdue` 筛选。",
    "GET /api/v1/complaints/published": "返回已公示的投诉，新的在前：被投诉单位、问题、"
    "产品、地区和结果，不含投诉人信息；`next` 用作下一页的 `after`。",
    "GET /api/v1/complaints/published.csv": "以 `CSV` 返回全部已公示的投诉，中英文。",
    "GET /api/v1/complaints/{complaint_id}": "返回一件投诉，含消费者所写内容、联系方式和同一货物的异常。",
    "GET /api/v1/complaints/{complaint_id}/photo": "返回投诉所附照片；没有照片时 404。",
    "POST /api/v1/complaints/{complaint_id}/accept": "受理投诉，答复时限开始；"
    "不是 `received` 时 409 `complaint_not_there`。",
    "POST /api/v1/complaints/{complaint_id}/refuse": "不予受理并说明原因；"
    "不是 `received` 时 409 `complaint_not_there`。",
    "POST /api/v1/complaints/{complaint_id}/begin": "开始处理已受理的投诉。",
    "POST /api/v1/complaints/{complaint_id}/close": "办结已受理的投诉，写明结果和给投诉人的答复。"
    "给出 `publish_as`（单位名称）时，若干天后公示：单位、问题、产品、地区、结果。",
    "POST /api/v1/complaints/{complaint_id}/unpublish": "撤下公示的结果，投诉本身不变。",
    "POST /api/v1/devices/enrol": "凭一次性邀请注册设备密钥；邀请就是凭证，不需要令牌。",
    "POST /api/v1/devices/invites": "为一个场所的设备建立一次性邀请；需要本单位管理者的令牌。"
    "设备按 `url` 访问，未给出时用本次请求的地址。",
    "GET /api/v1/devices": "返回设备清单，按密钥排序；`next` 用作下一页的 `after`。`unsent` 与 `block_list_at` "
    "是设备在 `reported_at` 时自述的待上传条数与禁用清单签发时间，没有说过则为空。",
    "GET /api/v1/devices/invites": "返回仍可使用的邀请，不含邀请码原文。",
    "DELETE /api/v1/devices/invites/{id}": "撤回一个尚未使用的邀请。",
    "POST /api/v1/devices/{key}/roll": "为设备邀请新密钥：场所和操作不变，旧密钥在其记录链关闭后停用。",
    "POST /api/v1/devices/{key}/revoke": "吊销设备密钥：本服务立即拒绝，新的信任列表告知各方。",
    "GET /api/v1/organisations": "返回权限范围内的单位，按统一社会信用代码排序。",
    "POST /api/v1/organisations": "登记单位；已登记的原样返回。",
    "GET /api/v1/sites": "返回已登记场所的名录，发货方可从中找到任何收货方。",
    "POST /api/v1/sites": "登记场所；内容相同则不变，位置码已用于其他场所则拒绝。",
    "GET /api/v1/people": "返回本单位的人员及其在本单位的角色。",
    "POST /api/v1/people": "邀请人员并授予一个角色；未配置邮件时返回一次性链接 `link`。",
    "GET /api/v1/people/{person_id}/data": "返回仅属本单位的某人的全部个人信息（`JSON`），不含机密。",
    "DELETE /api/v1/people/{person_id}": "删除仅属本单位的某人的个人信息：姓名、邮箱、密码、登录和令牌；编号保留。",
    "POST /api/v1/people/{person_id}/memberships": "授予本单位人员一个角色，不超出自己拥有的权限。",
    "DELETE /api/v1/memberships/{membership_id}": "结束一个角色，下一次请求起失效。",
    "POST /api/v1/people/{person_id}/close": "关闭某人的账号：登录、个人令牌和链接立即结束，任职保留以便恢复。",
    "POST /api/v1/people/{person_id}/reopen": "恢复已关闭的账号；本人重新登录，已结束的令牌不再生效。",
    "DELETE /api/v1/people/{person_id}/second-step": "移除丢失的两步验证；配置了邮件时通知本人。",
    "POST /api/v1/organisations/{uscc}/close": "关闭单位及其场所：人员和令牌立即不能以其名义办事，设备记录照常接收。",
    "POST /api/v1/organisations/{uscc}/reopen": "恢复单位：任职和令牌重新有效，单独关闭的场所仍关闭。",
    "POST /api/v1/sites/{gln}/close": "关闭场所：待用邀请失效，不再新增设备和赋码；其设备的记录照常接收。",
    "POST /api/v1/sites/{gln}/reopen": "恢复场所；已撤回的邀请不再生效。",
    "POST /api/v1/tokens/withdraw-left": "撤销建立者今天已不能再建立的令牌：其角色已结束或账号已关闭。",
    "GET /api/v1/tokens": "返回本单位有效的接口令牌，不含令牌原文。",
    "POST /api/v1/tokens": "新建本单位的接口令牌，只显示这一次。",
    "DELETE /api/v1/tokens/{token_id}": "撤销本单位的或自己的令牌。",
    "POST /api/v1/webhooks": "把事件以签名请求推送到一个地址；`secret` 用于验签，只显示一次。只推送该角色可读的内容，"
    "且只有编号和链接；按辖区查阅的角色须说明用途（`Coldtrace-Purpose`）。",
    "GET /api/v1/webhooks": "返回本单位的推送及待投递、失败的消息数；`stopped` 是停止的原因，"
    "`next` 是下一页的 `after`。",
    "GET /api/v1/webhooks/{webhook_id}": "返回一个推送，不含密钥。",
    "DELETE /api/v1/webhooks/{webhook_id}": "删除推送：不再通知，密钥一并删除。",
    "POST /api/v1/webhooks/{webhook_id}/pause": "暂停推送：等待中的消息保留；暂停期间发生的事不会补发。",
    "POST /api/v1/webhooks/{webhook_id}/resume": "恢复推送，不论因何停止；等待中的消息立即投递。",
    "POST /api/v1/webhooks/{webhook_id}/rotate": "返回新密钥，只显示这一次；24 小时内消息同时带新旧两个签名。",
    "POST /api/v1/webhooks/{webhook_id}/test": "投递一条 `webhook.test`；结果见返回编号的消息。",
    "POST /api/v1/webhooks/{webhook_id}/replay": "把一段时间的消息按原编号重新投递，先旧后新，每次至多一千条；"
    "`next` 是下一次的 `since`，全部完成时为 `null`。",
    "GET /api/v1/webhooks/{webhook_id}/messages": "返回已投递和等待中的消息，新的在前，各附最近一次尝试；"
    "`next` 是下一页的 `after`。",
    "GET /api/v1/webhooks/{webhook_id}/messages/{message_id}": "返回一条消息的原文和每次尝试：状态码、时间、"
    "答复的前 1024 字节。",
    "POST /api/v1/webhooks/{webhook_id}/messages/{message_id}/replay": "按原编号重新投递一条消息，接收方可按编号去重。",
    "GET /api/v1/devices/work": "返回调用设备的场所、可做的操作、待赋码批次、未用完的卷标和已登记的场所；"
    "服务器时间在标头 `Coldtrace-Time` 中，`next` 用作下一页的 `after`。"
    "设备可用标头 `Coldtrace-Unsent` 与 `Coldtrace-Block-List-At` 自述待上传条数与禁用清单签发时间。",
    "GET /api/v1/devices/{key}/chain": "返回设备记录链到第几号、自何时起缺哪些号、在哪里分叉；"
    "各列至多一千项，`next` 用作下一页的 `after`。",
    "GET /api/v1/devices/{key}/statements": "按链的顺序返回设备的各条记录；"
    "`missing_before` 是紧接在前、从未送达的条数，`next` 用作下一页的 `after`。",
    "GET /U/{rest}": _CODE,
    "GET /414/{rest}": _CODE,
    "GET /00/{rest}": _CODE,
    "GET /01/{rest}": _CODE,
    "GET /api/v1/trust-list": "返回最新的信任列表，即被签名的原文；支持 `gzip`，每种编码各有自己的 `ETag`。",
    "GET /api/v1/filters": "返回验证方应持有的筛查表清单：每种最新的一份，加上每个失窃密钥的一份。",
    "GET /api/v1/filters/{id}": "返回头部 `SHA-256`（十六进制）为该编号的筛查表文件；内容永不改变，可长期缓存。",
    "GET /api/v1/root": "返回创世根文件的原文，它的 `SHA-256` 就是本安装的名字。",
    "GET /api/v1/root-changes": "按顺序返回创世根文件之后的各次变更及其签名。",
    "GET /logs/": "列出各日志：公钥（`vkey`）、状态与已发布的大小；`current` 为当前接收记录的日志。",
    "GET /logs/{name}/": "返回清单中的一份日志。此处的公钥仅供参考，请以合同或纸面所载为准。",
    "GET /logs/{name}/checkpoint": "返回已发布的签名检查点及见证签名（`C2SP tlog-checkpoint`）。",
    "GET /logs/{name}/tile/{path}": "返回一层中至多 256 个哈希（`C2SP tlog-tiles`）；内容不变，不压缩。",
    "GET /logs/{name}/tile/entries/{path}": "返回叶子原文，每片前有两字节长度；除非已公开，须有监管或管理员令牌。",
    "GET /logs/{name}/proof/inclusion": "返回第 `index` 片叶子在 `size` 片叶子的树中的路径（`RFC 9162` 第 2.1.3 节）。",
    "GET /logs/{name}/proof/consistency": "证明 `new` 片叶子的树只是在 `old` 片之后追加。",
    "GET /logs/{name}/statements/{entry_id}/proof": "返回一条记录的 `c2sp.org/tlog-proof@v1` 文件；"
    "`Accept: application/json` 时为 `JSON`。",
    "GET /api/v1/keys": "返回全部签名密钥的公钥一半、现行信任列表、根密钥数，以及一周内需要人处理的事；"
    "`next` 是下一页的 `after`。私钥只在服务器文件中，用 `coldtrace keys` 更换。",
    "GET /api/v1/health": "返回 `coldtrace doctor` 的检查结果（最多一分钟前），以及数据库大小、等待的邮件和推送、"
    "各日志、最近一次自动维护的时间。",
    "GET /api/v1/backup": "返回最近一次备份完成的时间（`COLDTRACE_BACKUP_MARK` 指明的文件）。",
    "GET /api/v1/retention": "返回自动删除的内容：设置、天数、现有与到期的行数，上次与下次删除的时间。"
    "历史记录不在其中。",
    "GET /api/v1/quarantine": "返回被拒收的记录和其他内容，最新的在前：时间、原因、大小、次数；"
    "设备签名核实无误的有 `key`。原文另行下载；`next` 是下一页的 `after`。",
    "GET /api/v1/quarantine/{id}/bytes": "以附件返回收到的原文，最多 65,536 字节。即为导出，"
    "须说明用途（`Coldtrace-Purpose`）。",
    "GET /healthz": "进程在运行就回答。",
    "GET /readyz": "能履行承诺时 200；数据库不可用、日志冻结、入树超时或未能发布时 503，并列出原因；"
    "`warnings` 列出一周内需要人处理的事。",
    "GET /metrics": "以 `Prometheus` 文本格式返回计数；需要平台管理员的令牌，因为业务量不对外公开。",
}

SHOWN_AS: dict[str, str] = {
    "/01/{rest}": "/01/{gtin}/10/{lot}/21/{serial}?s={token}",
    "/00/{rest}": "/00/{sscc}?s={token}",
    "/414/{rest}": "/414/{gln}/254/{door}?s={token}",
    "/U/{rest}": "/U/{id}?s={token}",
}
"""Addresses of codes as people know them; to the router everything behind the first key is one part."""
