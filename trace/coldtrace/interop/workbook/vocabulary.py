"""The words that brokers put over columns and before values, in Chinese and English, and how they are matched.

A heading is folded first: full-width to half-width, small letters, no blanks or signs, `#` read as "no".  It is then
looked up whole, without its brackets, without its unit, and by its Chinese and its English part; the more of it a word
covers, the better the match.
"""

import re
import unicodedata
from functools import cache
from typing import Final

from coldtrace.interop.workbook.weights import GRAMS

# Headings of the table, folded.  `item` and `weight` are settled by what else is there; `ignored` are known and not
# needed; `errors` is the column that an annotated copy adds.
_COLUMNS: Final = """
line: 序号 项号 项次 行号 编号 no itemno sn srno serialno seq lineno line
item: item items 项目
pallet: 托盘号 托盘 托号 板号 卡板号 栈板号 托盘编号 托盘标识 palletno pallet pallets plt pltno palletid
    palletnumber palletnos lpn sscc palletsscc
carton_range: 箱号 箱号范围 箱序号 箱序 起止箱号 箱号起止 箱编号 cartonno cartonnos cartonnumber cartonnumbers
    cartonrange cartonsfromto cartonnofromto ctnno ctnnos ctnrange cno cnos caseno casenos boxno boxnos
    packageno cartonid
carton_from: 起始箱号 开始箱号 首箱号 cartonfrom cartonnofrom fromcarton ctnfrom fromctn fromno
carton_to: 结束箱号 终止箱号 末箱号 cartonto cartonnoto tocarton ctnto toctn tono
product: 品名 货物名称 商品名称 产品名称 中文品名 中文名称 货名 名称 品名及规格 货品名称 商品 产品 英文品名
    英文名称 description descriptionofgoods goodsdescription product productname productdescription commodity
    goods nameofgoods nameofproduct cut cutname englishname englishdescription chinesename chinesedescription
    nameofcommodity itemdescription
gtin: 商品条码 条码 条形码 箱码 箱条码 外箱条码 国际条码 gtin gtin14 gtin13 ean ean13 ean14 itf14 dun14 barcode
    casegtin cartongtin casebarcode cartonbarcode upc 
lot: 生产批号 批号 批次 批次号 生产批次 生产批次号 lot lotno lotnumber lotcode batch batchno batchnumber
    batchcode batchlot lotbatch productionlot productionbatch productionlotno
production_date: 生产日期 生产时间 加工日期 制造日期 产期 productiondate dateofproduction proddate production
    prodndate manufacturedate manufacturingdate mfg mfgdate mfd dateofmanufacture packingdate packdate
    packeddate dop processingdate
expiry_date: 到期日 到期日期 保质期至 保质期到期日 有效期至 失效日期 截止日期 expiry expirydate expirationdate
    expdate exp bestbefore bestbeforedate bbd bbe useby usebydate validuntil dateofexpiry
shelf_life: 保质期 保质期限 有效期 shelflife validity
spec: 规格 包装规格 单箱规格 箱规 规格型号 产品规格 包装 spec specification specifications packing packsize
    packaging packagesize packingsize packspec cartonsize
cartons: 件数 箱数 数量 总箱数 总件数 件 箱 cartons carton ctns ctn noofcartons numberofcartons cartonqty
    cartonquantity ctnqty qtyctns qtycartons qty quantity cases case noofcases boxes box noofboxes packages pkgs
    noofpackages noofpkgs noofctns cartoncount qtyofcartons totalcartons
net: 净重 净重量 总净重 净重合计 净重小计 netweight netwt nw net totalnetweight totalnw netweighttotal netmass
    netkg weightnet nettweight nettwt nett
net_each: 单箱净重 每箱净重 箱净重 单件净重 每件净重 净重每箱 净重箱 netweightpercarton netweightcarton nwctn
    nwcarton nwpercarton netperctn netpercarton netctn netwtctn unitnetweight netweightperctn netwtperctn
    netweightctn nwperctn
gross: 毛重 毛重量 总毛重 毛重合计 grossweight grosswt gw gross totalgrossweight totalgw grossweighttotal
    grossmass weightgross grosskg
gross_each: 单箱毛重 每箱毛重 箱毛重 单件毛重 每件毛重 毛重每箱 毛重箱 grossweightpercarton grossweightcarton
    gwctn gwcarton gwpercarton grossperctn grosspercarton grossctn grosswtctn unitgrossweight grossweightctn
    gwperctn
weight: 重量 总重量 重量合计 weight totalweight wt
remark: 备注 说明 remark remarks note notes comment comments
container_number: 集装箱号 柜号 货柜号 container containerno containernumber cntrno cntr
origin: 原产国 原产地 产地 原产国地区 产国 origin countryoforigin country
plant: 厂号 工厂号 注册厂号 establishment estno establishmentno plantno plant factoryno sif sifno
overseas_registration: 在华注册编号 境外注册编号 注册编号 gaccregistrationno gaccno gacc gaccregno ciferno
hs_code: 商品编码 hs编码 税则号列 海关编码 税号 hs hscode hsno tariffno tariffcode ncm
ignored: 单价 金额 总价 币种 体积 尺寸 立方 图片 单位 支数 袋数 个数 片数 发票号 货号 型号 温度 unitprice price
    amount currency cbm volume measurement picture unit uom dimensions m3 pcs pieces noofpieces invoiceno
    productcode sku temperature
errors: 错误errors
"""

# Labels of the block of key and value, folded.  `ignored` are recognised so that they are not taken for a value.
_LABELS: Final = """
declaration_number: 报关单号 报关单编号 报关单号码 报关号 海关编号 海关报关单号 进口报关单号 预录入编号
    customsdeclarationno customsdeclaration customsdeclarationnumber declarationno declarationnumber
    customsentryno importdeclarationno
container_number: 箱号 集装箱号 集装箱号码 柜号 货柜号 箱柜号 集装箱 container containerno containernumber
    containernos cntrno cntr containerid reeferno
seal_number: 封号 铅封号 封志号 封条号 铅封 seal sealno sealnumber sealnos
bill_of_lading: 提单号 提运单号 运单号 提单 海运提单号 空运单号 bl blno blnumber billoflading billofladingno awb
    awbno billofladingnumber mbl mblno
port: 入境口岸 进境口岸 进口口岸 卸货港 目的港 到货港 入境港 抵达口岸 portofentry portofdischarge pod
    dischargeport destinationport portofdestination portofarrival arrivalport entryport
entry_date: 进境日期 入境日期 进口日期 到港日期 抵港日期 到货日期 entrydate dateofentry arrivaldate
    dateofarrival eta importdate
importer_uscc: 统一社会信用代码 境内收货人统一社会信用代码 收货人统一社会信用代码 进口商统一社会信用代码
    社会信用代码 信用代码 收货人税号 纳税人识别号 uscc usci unifiedsocialcreditcode consigneeuscc consigneeusci
    importeruscc creditcode taxid consigneetaxid uscino usccno
importer: 境内收货人 收货人 进口商 进口企业 收货单位 进口单位 境内收货人名称 收货人名称 进口商名称 importer
    consignee importername consigneename buyer
overseas_registration: 境外生产企业注册编号 境外生产企业在华注册编号 在华注册编号 境外注册编号 境外企业注册号
    海关注册编号 境外生产企业注册号 gaccregistrationno gaccregistration gaccregistrationnumber gaccno gaccregno
    gacc overseasregistration overseasregistrationno chinaregistrationno ciferno
    overseasmanufacturerregistrationno overseasmanufacturerregistration cifer
plant: 工厂号 厂号 注册厂号 生产厂号 屠宰厂号 establishment establishmentno establishmentnumber estno plantno
    plantnumber plant factoryno sifno sif
plant_name: 生产企业 生产企业名称 生产厂家 境外生产企业 境外生产企业名称 工厂名称 加工企业 manufacturer producer
    manufacturername plantname packer processor
origin: 原产国 原产国地区 原产地 原产国别 产地 产国 origin countryoforigin originofgoods
quarantine_certificate: 入境货物检验检疫证明编号 入境货物检验检疫证明 检验检疫证明编号 检验检疫证明
    检验检疫证明号 检疫证明编号 检疫证号 检疫证书号 检验检疫编号 ciqcertificate ciqcertificateno ciqno ciqcertno
    quarantinecertificate quarantinecertificateno inspectionandquarantinecertificate
    inspectionandquarantinecertificateno inspectioncertificateno
health_certificate: 官方卫生证书 卫生证书 卫生证书号 卫生证号 官方卫生证书编号 输出国官方证书 兽医卫生证书
    healthcertificate healthcertificateno healthcertno sanitarycertificate sanitarycertificateno
    veterinarycertificate veterinaryhealthcertificate hcno veterinarycertificateno
storage: 贮存条件 储存条件 保存条件 存储条件 贮藏条件 储藏条件 存放条件 储存温度 贮存温度 storage
    storagecondition storageconditions storagetemperature
hs_code: 商品编码 hs编码 hs编号 税则号列 税则号 海关编码 商品编号 hs hscode hsno tariffno tariffcode
product: 品名 货物名称 商品名称 产品名称 中文品名 英文品名 货名 description descriptionofgoods product
    productname commodity goodsdescription goods
gtin: 商品条码 条码 箱码 箱条码 外箱条码 gtin gtin14 itf14 barcode casegtin cartongtin gtincarton gtincase
lot: 生产批号 批号 批次号 批次 lot lotno lotnumber batch batchno batchnumber
production_date: 生产日期 加工日期 productiondate dateofproduction proddate manufacturedate packingdate
expiry_date: 到期日 到期日期 保质期至 有效期至 expirydate expiry bestbefore bestbeforedate useby
shelf_life: 保质期 保质期限 有效期 shelflife
spec: 规格 包装规格 箱规 specification spec packsize packing
total_cartons: 总件数 总箱数 件数合计 箱数合计 合计件数 合计箱数 totalcartons totalctns totalcases totalpackages
    totalnoofcartons totalnumberofcartons totalqty totalquantity
total_net: 总净重 净重合计 合计净重 totalnetweight totalnw totalnetwt netweighttotal
total_gross: 总毛重 毛重合计 合计毛重 totalgrossweight totalgw totalgrosswt grossweighttotal
total_pallets: 托盘数 总托数 总托盘数 托数 totalpallets noofpallets numberofpallets
ignored: 合同号 合同编号 发票号 发票编号 发货人 境外发货人 船名 航次 船名航次 装货港 启运港 日期 制单 制单人
    联系人 电话 地址 贸易方式 成交方式 编号 备注 invoice invoiceno invoicenumber invoicedate contract contractno
    shipper exporter seller vessel voyage vesselvoyage vesselvoy portofloading pol loadingport date issuedate
    tel fax phone email address attn terms incoterms pono orderno from to packinglistno plno notify notifyparty
    etd preparedby remark remarks
"""

TOTALS: Final = ("合计", "总计", "共计", "小计", "总数", "total", "totals", "grandtotal", "subtotal", "ttl")

_HAN_TOTALS = ("合计", "总计", "共计", "小计")
_MORE_UNITS = (
    "箱 件 纸箱 ctn ctns carton cartons 个月 月 天 日 年 months month days day years case cases box boxes pkgs"
)
_UNITS = {name.casefold() for name in GRAMS} | set(_MORE_UNITS.split())
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_LATIN_RUN = re.compile(r"[a-z0-9][a-z0-9.&'/# -]*")
_HAN_RUN = re.compile(r"[\u4e00-\u9fff][\u4e00-\u9fff()]*")
_WORD_MAX = 60


def fold(text: str) -> str:
    """Return `text` as it is looked up: half-width small letters and digits only.

    >>> fold("Ｌot # "), fold("N.W. (KG)")
    ('lotno', 'nwkg')
    """
    plain = unicodedata.normalize("NFKC", text[:200]).casefold().replace("#", "no")
    return "".join(sign for sign in plain if sign.isalnum())


def column_field(heading: str) -> tuple[str, int] | None:
    """Return the field that a heading names and how well it matches (1 to 100), or None.

    >>> column_field("Net kg / ctn"), column_field("Lot (as on carton label)")
    (('net_each', 90), ('lot', 95))
    """
    found = _match(heading, words_of("columns")) or _like(heading, _COLUMN_SIGNS)
    if found is not None and found[0] in ("net", "gross") and _EACH.search(heading.casefold()):
        return f"{found[0]}_each", found[1]
    return found


def label_field(label: str) -> tuple[str, int] | None:
    """Return the field that a label of the block names and how well it matches, or None."""
    return _match(label, words_of("labels")) or _like(label, _LABEL_SIGNS)


def is_total(text: str) -> bool:
    """Tell whether a cell begins a line of totals: 合计, 本页小计, TOTAL: 1,200 CTNS."""
    key = fold(text)
    if len(key) > 60:
        return False
    if len(key) <= 8 and any(word in key for word in _HAN_TOTALS):
        return True
    return any(key.startswith(word) and not key[len(word) :].startswith("ly") for word in TOTALS)


@cache
def words_of(which: str) -> dict[str, str]:
    """Return folded word to field for `columns` or `labels`."""
    words: dict[str, str] = {}
    field = ""
    for part in (_COLUMNS if which == "columns" else _LABELS).split():
        if part.endswith(":"):
            field = part[:-1]
        elif part in words:
            raise ValueError(f"{part} is listed for {words[part]} and for {field}")
        else:
            words[part] = field
    return words


# What a longer heading must hold to be taken for a field, when no word of the list fits it.
_COLUMN_SIGNS: Final = (
    (re.compile(r"到期|best before|expir|use by"), "expiry_date"),
    (re.compile(r"保质期|shelf ?life"), "shelf_life"),
    (re.compile(r"(生产|加工|制造)日期|(production|manufactur\w*|pack\w+) date|date of (production|manufacture)"),
     "production_date"),
    (re.compile(r"条码|\bgtin\b|\bitf-?14\b"), "gtin"),
    (re.compile(r"批号|批次|\b(lot|batch)\b"), "lot"),
    (re.compile(r"托盘号|板号|\bpallet (no|number|id)\b"), "pallet"),
    (re.compile(r"\b(carton|ctn|case|box) ?(nos?|numbers?|range)\b"), "carton_range"),
    (re.compile(r"净重|\bnett? ?(weight|wt|kgs?)\b|\bn\.?w\b"), "net"),
    (re.compile(r"毛重|\bgross ?(weight|wt|kgs?)\b|\bg\.?w\b"), "gross"),
    (re.compile(r"箱数|件数|\b(no|number|quantity|qty)\.? of (cartons|ctns|cases|boxes|packages)\b"), "cartons"),
    (re.compile(r"品名|\bdescription of\b"), "product"),
)  # fmt: skip
_LABEL_SIGNS: Final = (
    (re.compile(r"报关单号|customs declaration (no|number)"), "declaration_number"),
    (re.compile(r"集装箱号|container (no|number)"), "container_number"),
    (re.compile(r"信用代码"), "importer_uscc"),
    (re.compile(r"检验检疫证明编?号|检疫证明编?号"), "quarantine_certificate"),
    (re.compile(r"注册编号|gacc reg\w* ?(no|number)"), "overseas_registration"),
    (re.compile(r"原产国|country of origin"), "origin"),
    (re.compile(r"贮存条件|储存条件|storage condition"), "storage"),
    (re.compile(r"提运?单号|bill of lading (no|number)"), "bill_of_lading"),
)
_EACH = re.compile(r"(?:/|\bper\b|每|单)\s*(?:ctns?|cartons?|cases?|box(?:es)?|箱|件)|\beach\b")


def _like(text: str, signs: tuple[tuple[re.Pattern[str], str], ...]) -> tuple[str, int] | None:
    if len(text) > 60:
        return None
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().replace(".", " ").split())
    return next(((field, 65) for sign, field in signs if sign.search(plain)), None)


def _match(text: str, words: dict[str, str]) -> tuple[str, int] | None:
    if len(text) > 200:
        return None
    plain = unicodedata.normalize("NFKC", text).casefold().strip().rstrip(":")
    if not 0 < len(fold(plain)) <= _WORD_MAX:
        return None
    for form, score in _forms(plain):
        if form in words:
            return words[form], score
    return None


def _forms(plain: str) -> list[tuple[str, int]]:
    """Return the forms under which a heading is looked up, the best first."""
    bare = _BRACKETS.sub(" ", plain)
    forms = [(fold(plain), 100), (fold(bare), 95), (_without_unit(bare), 90)]
    chinese = max(_HAN_RUN.findall(bare), key=len, default="")
    latin = max(_LATIN_RUN.findall(bare), key=len, default="")
    forms += [(fold(chinese), 85), (_without_unit(chinese), 80), (fold(latin), 75), (_without_unit(latin), 70)]
    for piece in re.split(r"[\n/|]+", bare):
        forms += [(fold(piece), 60), (_without_unit(piece), 55)]
    return forms


def _without_unit(text: str) -> str:
    words = text.replace("/", " ").split()
    while len(words) > 1 and words[-1].strip(".()") in _UNITS:
        words.pop()
    return fold(" ".join(words))
