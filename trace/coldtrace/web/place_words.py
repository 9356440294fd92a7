"""Names of places, roles, doings and sources as a consumer reads them: Chinese first, English complete.

Districts are the codes of GB/T 2260 that statements carry: the sixteen of Tianjin by name, other places by
their province.  A word that is not in a table is shown as "other", never as the raw key of a statement.
"""

from coldtrace.errors import Words

OTHER_ROLE = Words("其他站点", "Other site")
ROLES: dict[str, Words] = {
    "first_station": Words("首站", "First station"),
    "importer": Words("进口商", "Importer"),
    "cold_store": Words("冷库", "Cold store"),
    "supervised_warehouse": Words("集中监管仓", "Supervised warehouse"),
    "transfer_store": Words("中转查验库", "Transfer inspection store"),
    "carrier": Words("承运人", "Carrier"),
    "distributor": Words("经销企业", "Distributor"),
    "market": Words("批发市场", "Wholesale market"),
    "retailer": Words("零售门店", "Shop"),
    "caterer": Words("餐饮单位", "Caterer"),
    "repacker": Words("分装企业", "Repacker"),
    "laboratory": Words("检测机构", "Laboratory"),
    "customs": Words("海关", "Customs"),
    "regulator": Words("监管部门", "Regulator"),
    "platform": Words("平台", "Platform"),
}

OTHER_ACT = Words("其他记录", "Other record")
ACTS: dict[str, Words] = {
    "commission": Words("赋码", "Code applied"),
    "adopt": Words("接入原有编码", "Existing code adopted"),
    "pack": Words("组托", "Put on a pallet"),
    "unpack": Words("拆托", "Taken off the pallet"),
    "ship": Words("出库", "Sent out"),
    "receive": Words("入库", "Taken in"),
    "store": Words("存放", "Stored"),
    "observe": Words("查看", "Seen"),
    "count": Words("盘点", "Counted"),
    "transform": Words("分装", "Repacked"),
    "open": Words("开箱", "Opened"),
    "sample": Words("抽样", "Sampled"),
    "inspect": Words("检查", "Inspected"),
    "hold": Words("封存", "Put on hold"),
    "release": Words("解除封存", "Released"),
    "recall": Words("召回", "Recalled"),
    "lift": Words("解除召回", "Recall lifted"),
    "destroy": Words("销毁", "Destroyed"),
    "lose": Words("报失", "Reported lost"),
    "find": Words("找回", "Found again"),
    "return": Words("退货", "Returned"),
    "sell": Words("售出", "Sold"),
    "use": Words("使用", "Used"),
    "relabel": Words("换码", "Code replaced"),
    "void": Words("作废", "Code voided"),
    "correct": Words("更正", "Corrected"),
    "temperature": Words("测温", "Temperature taken"),
    "mark": Words("设备日志", "Device mark"),
    "close": Words("设备停用", "Device closed"),
}

# What a repacking or a change of labels did to the box whose page it is.
REPACKS: dict[str, Words] = {
    "transform.input": Words("此件已分装或加工成其他货物", "Was repacked into other units"),
    "transform.output": Words("由其他货物分装或加工而成", "Made by repacking other units"),
    "transform.parent": Words("所在托盘已分装", "The pallet that it was on was repacked"),
    "relabel.input": Words("已换上新码，此码停用", "A new code took the place of this one"),
    "relabel.output": Words("此码换自旧码", "This code took the place of an older one"),
    "relabel.parent": Words("所在托盘换了新码", "The pallet that it was on got a new code"),
}

COLD: dict[str, Words] = {
    "ok": Words("合规", "Within limits"),
    "breach": Words("超温", "Too warm"),
    "unknown": Words("无数据", "No data"),
}

# Who stated a fact, and whether anybody else looked at it.
SOURCES: dict[str, Words] = {
    "importer_declared": Words("进口商申报，未经核验", "Declared by the importer, not checked"),
    "certificate_verified": Words("已与证书核对", "Checked against the certificate"),
    "official_data": Words("官方数据", "Official data"),
}

_TIANJIN = Words("天津市", "Tianjin")
_DISTRICTS: dict[str, Words] = {
    "120101": Words("和平区", "Heping District"),
    "120102": Words("河东区", "Hedong District"),
    "120103": Words("河西区", "Hexi District"),
    "120104": Words("南开区", "Nankai District"),
    "120105": Words("河北区", "Hebei District"),
    "120106": Words("红桥区", "Hongqiao District"),
    "120110": Words("东丽区", "Dongli District"),
    "120111": Words("西青区", "Xiqing District"),
    "120112": Words("津南区", "Jinnan District"),
    "120113": Words("北辰区", "Beichen District"),
    "120114": Words("武清区", "Wuqing District"),
    "120115": Words("宝坻区", "Baodi District"),
    "120116": Words("滨海新区", "Binhai New Area"),
    "120117": Words("宁河区", "Ninghe District"),
    "120118": Words("静海区", "Jinghai District"),
    "120119": Words("蓟州区", "Jizhou District"),
}
_PROVINCES: dict[str, Words] = {
    "11": Words("北京市", "Beijing"),
    "12": _TIANJIN,
    "13": Words("河北省", "Hebei Province"),
    "14": Words("山西省", "Shanxi Province"),
    "15": Words("内蒙古自治区", "Inner Mongolia"),
    "21": Words("辽宁省", "Liaoning Province"),
    "22": Words("吉林省", "Jilin Province"),
    "23": Words("黑龙江省", "Heilongjiang Province"),
    "31": Words("上海市", "Shanghai"),
    "32": Words("江苏省", "Jiangsu Province"),
    "33": Words("浙江省", "Zhejiang Province"),
    "34": Words("安徽省", "Anhui Province"),
    "35": Words("福建省", "Fujian Province"),
    "36": Words("江西省", "Jiangxi Province"),
    "37": Words("山东省", "Shandong Province"),
    "41": Words("河南省", "Henan Province"),
    "42": Words("湖北省", "Hubei Province"),
    "43": Words("湖南省", "Hunan Province"),
    "44": Words("广东省", "Guangdong Province"),
    "45": Words("广西壮族自治区", "Guangxi"),
    "46": Words("海南省", "Hainan Province"),
    "50": Words("重庆市", "Chongqing"),
    "51": Words("四川省", "Sichuan Province"),
    "52": Words("贵州省", "Guizhou Province"),
    "53": Words("云南省", "Yunnan Province"),
    "54": Words("西藏自治区", "Tibet"),
    "61": Words("陕西省", "Shaanxi Province"),
    "62": Words("甘肃省", "Gansu Province"),
    "63": Words("青海省", "Qinghai Province"),
    "64": Words("宁夏回族自治区", "Ningxia"),
    "65": Words("新疆维吾尔自治区", "Xinjiang"),
    "71": Words("台湾省", "Taiwan Province"),
    "81": Words("香港特别行政区", "Hong Kong SAR"),
    "82": Words("澳门特别行政区", "Macao SAR"),
}
_ELSEWHERE = Words("地点未提供", "Place not stated")


CITY_DISTRICTS = tuple(_DISTRICTS)
"""Districts that a visitor can choose by name."""
PROVINCE_DISTRICTS = tuple(f"{code}0000" for code in _PROVINCES)
"""Provinces and cities like them, each as the code of all of it (GB/T 2260)."""


def role_words(role: str) -> Words:
    """Return the name of a site's role."""
    return ROLES.get(role, OTHER_ROLE)


def repack_words(act: str) -> Words:
    """Return what a repacking did to a box, by the type of statement and the part that the box had in it."""
    return REPACKS.get(act) or act_words(act.partition(".")[0])


def act_words(statement_type: str) -> Words:
    """Return what a statement says was done, in one word or two."""
    return ACTS.get(statement_type, OTHER_ACT)


def district_words(code: str) -> Words:
    """Return the district for people: Tianjin's by name, any other place by its province.

    >>> district_words("120116").en
    'Tianjin, Binhai New Area'
    >>> district_words("130100").en
    'Hebei Province'
    """
    district = _DISTRICTS.get(code)
    if district is not None:
        return Words(_TIANJIN.zh + district.zh, f"{_TIANJIN.en}, {district.en}")
    return _PROVINCES.get(code[:2], _ELSEWHERE)
