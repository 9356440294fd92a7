"""What a consignment's declared facts are called, in the order in which a clerk compares them with the papers."""

from coldtrace.errors import Words

DECLARED: dict[str, Words] = {
    "declaration_number": Words("报关单号", "Customs declaration"),
    "declaration_status": Words("报关状态", "Declaration"),
    "container_number": Words("集装箱号", "Container"),
    "seal_number": Words("封号", "Seal"),
    "bill_of_lading": Words("提运单号", "Bill of lading"),
    "entry_date": Words("进境日期", "Date of entry"),
    "importer_uscc": Words("境内收货人信用代码", "Importer's credit code"),
    "plant": Words("工厂号", "Establishment"),
    "plant_name": Words("生产企业", "Manufacturer"),
    "overseas_registration": Words("境外生产企业注册编号", "Overseas registration"),
    "quarantine_certificate": Words("入境货物检验检疫证明编号", "Quarantine certificate"),
    "health_certificate": Words("官方卫生证书", "Health certificate"),
    "hs_code": Words("商品编码", "Commodity code"),
}
PAIRS: dict[str, Words] = {
    "port": Words("入境口岸", "Port of entry"),
    "origin": Words("原产国（地区）", "Country of origin"),
    "storage": Words("贮存条件", "Storage"),
}
"""Those that are said in both languages: `port_zh`, `port_en`."""

DECLARATION_STATUS: dict[str, Words] = {
    "final": Words("正式报关单", "Final declaration"),
    "legacy": Words("旧式编号", "Number of the old form"),
    "provisional": Words("两步申报，待补正式编号", "Provisional: the final number follows"),
}

COLUMN_FIELDS: dict[str, Words] = {
    "ignored": Words("不用这一列", "Leave this column out"),
    "line": Words("序号", "Line number"),
    "pallet": Words("托盘号", "Pallet"),
    "carton_range": Words("箱号范围", "Carton numbers (1-50)"),
    "product": Words("品名", "Product"),
    "gtin": Words("商品条码", "GTIN"),
    "lot": Words("生产批号", "Lot"),
    "production_date": Words("生产日期", "Production date"),
    "expiry_date": Words("到期日", "Expiry date"),
    "shelf_life": Words("保质期", "Shelf life"),
    "spec": Words("规格", "Specification"),
    "cartons": Words("件数", "Cartons"),
    "net": Words("净重（本行合计）", "Net weight of the line"),
    "net_each": Words("单箱净重", "Net weight of a carton"),
    "gross": Words("毛重（本行合计）", "Gross weight of the line"),
    "gross_each": Words("单箱毛重", "Gross weight of a carton"),
    "remark": Words("备注", "Remarks"),
    "container_number": Words("集装箱号", "Container"),
    "origin": Words("原产国（地区）", "Country of origin"),
    "plant": Words("工厂号", "Establishment"),
    "overseas_registration": Words("境外注册编号", "Overseas registration"),
    "hs_code": Words("商品编码", "Commodity code"),
}
"""What a column of a packing list can be told to be (`interop/workbook/vocabulary.py`)."""
