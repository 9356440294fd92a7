"""Every fault and remark that a workbook can get, with its sentence in both languages.

What the number readers of `codes/` refuse keeps their own code and words; what they remark likewise.  The guide
docs/guides/import-a-packing-list.md lists all of them and a test compares it with this file.
"""

from typing import Final

from coldtrace.errors import Words

ERRORS: Final[dict[str, Words]] = {
    # The sheet as a whole.
    "table_not_found": Words(
        "没有找到货物明细表。表头应在同一行，至少有品名或批号，以及件数或净重，如“品名、生产批号、生产日期、件数、"
        "净重”。",
        "No table of goods was found. Its headings must stand in one row and name at least the product or lot and the "
        'cartons or net weight, such as "Product, Lot, Production date, Cartons, Net weight".',
    ),
    "table_empty": Words(
        "明细表只有表头，没有货物行。请填写后再上传。",
        "The table has headings but no line of goods. Fill it in and upload again.",
    ),
    "column_missing": Words(
        "明细表没有“{field_zh}”列。请增加这一列；若整批相同，可写在表格上方，如“{field_zh}：…”。",
        "The table has no column for {field_en}. Add it; if it is the same for the whole consignment, write it above "
        'the table, such as "{field_en}: ...".',
    ),
    "too_many_lines": Words(
        "明细超过 {limit} 行，请分成几个工作簿导入。",
        "There are more than {limit} lines. Split the list into several workbooks.",
    ),
    "too_many_errors": Words(
        "错误超过 {limit} 处，其余未列出。请先改正已列出的。",
        "There are more than {limit} errors; the rest is not listed. Correct those listed first.",
    ),
    "container_several": Words(
        "明细中有多个集装箱号（{text}）。一个工作簿只登记一票一箱，请按箱拆分。",
        "The lines name several containers ({text}). One workbook is one container; split the list.",
    ),
    "paper_repeated": Words(
        "“{field_zh}”出现两次且内容不同：“{first}”和“{text}”。请保留正确的一个。",
        '{field_en} is given twice with different contents: "{first}" and "{text}". Keep the right one.',
    ),
    # Any cell.
    "cell_error": Words(
        "单元格显示 Excel 错误“{text}”。请改正公式或直接填写数值。",
        'The cell shows the Excel error "{text}". Correct the formula or type the value.',
    ),
    "formula_without_value": Words(
        "公式没有保存计算结果。请在 Excel 或 WPS 中打开并保存一次，或直接填写数值。",
        "The formula has no saved result. Open the file in Excel or WPS and save it once, or type the value.",
    ),
    "number_cut": Words(
        "“{text}”被 Excel 当作数字，超过 15 位的部分已丢失。请把单元格设为“文本”后重新输入完整号码。",
        'Excel took "{text}" for a number and has lost digits beyond the fifteenth. Format the cell as text and type '
        "the whole number again.",
    ),
    "text_too_long": Words(
        "内容过长（{length} 个字），最多 {limit} 个字。请缩短。",
        "The text is too long ({length} characters); at most {limit}. Shorten it.",
    ),
    "value_missing": Words(
        "“{field_zh}”为空。请填写。",
        "{field_en} is empty. Fill it in.",
    ),
    "value_merged": Words(
        "“{field_zh}”与上一行合并了单元格，无法知道每行各是多少。请取消合并，逐行填写。",
        "{field_en} is merged with the line above, so each line's own figure is unknown. Unmerge it and fill in "
        "each line.",
    ),
    "became_date": Words(
        "“{field_zh}”被 Excel 变成了日期（{text}）。请把单元格设为“文本”后重新输入。",
        "Excel has turned this {field_en} into a date ({text}). Format the cell as text and type it again.",
    ),
    # Numbers and weights.
    "count_unreadable": Words(
        "件数“{text}”无法识别。请填写整数，如 50。",
        'The count "{text}" cannot be read. Write a whole number, such as 50.',
    ),
    "count_unit": Words(
        "件数“{text}”的单位不是箱。请填写箱数，如 50。",
        'The count "{text}" is not in cartons. Write the number of cartons, such as 50.',
    ),
    "count_not_whole": Words(
        "件数“{text}”不是整数。请填写整箱数。",
        'The count "{text}" is not a whole number. Write whole cartons.',
    ),
    "count_negative": Words(
        "件数“{text}”是负数。请填写实际箱数；退货或冲减请另行登记。",
        'The count "{text}" is negative. Write the cartons that are there; returns are recorded elsewhere.',
    ),
    "count_zero": Words(
        "件数为 0。请填写实际箱数，或删除这一行。",
        "The count is zero. Write the cartons that are there or delete the line.",
    ),
    "count_implausible": Words(
        "件数“{text}”过大（一行最多 {limit} 箱）。请核对。",
        'The count "{text}" is too large (at most {limit} cartons a line). Check it.',
    ),
    "weight_unreadable": Words(
        "重量“{text}”无法识别。请填写公斤数，如 1000 或 1000 kg。",
        'The weight "{text}" cannot be read. Write kilograms, such as 1000 or 1000 kg.',
    ),
    "weight_not_positive": Words(
        "重量“{text}”应大于 0。请填写实际重量。",
        'The weight "{text}" must be above zero. Write the real weight.',
    ),
    "weight_implausible": Words(
        "重量“{text}”合 {kg} 公斤，不可能是这一行的重量（每箱应为 0.5 至 60 公斤）。请核对数字和单位。",
        'The weight "{text}" means {kg} kg, which cannot be the weight of this line (a carton has 0.5 to 60 kg). '
        "Check the figure and its unit.",
    ),
    "net_exceeds_gross": Words(
        "净重 {net} 公斤大于毛重 {gross} 公斤。请核对，两列可能填反。",
        "The net weight, {net} kg, is above the gross weight, {gross} kg. Check them; the two may be swapped.",
    ),
    "variable_measure_weight": Words(
        "条码 {text} 以 9 开头，表示每箱重量不同，必须逐行填写净重。请增加“净重”列。",
        "GTIN {text} begins with 9: its cartons differ in weight, so each line needs its net weight. Add that column.",
    ),
    "carton_range_unreadable": Words(
        "箱号范围“{text}”无法识别。请写成 1-50 这样的形式。",
        'The carton range "{text}" cannot be read. Write it like 1-50.',
    ),
    "carton_range_differs": Words(
        "箱号范围“{text}”共 {range} 箱，与件数 {count} 不符。请核对。",
        'The carton range "{text}" has {range} cartons, the count says {count}. Check them.',
    ),
    "carton_range_overlaps": Words(
        "箱号范围“{text}”与第 {other} 行的“{other_text}”重叠。同一箱号只能出现一次，请改正。",
        'The carton range "{text}" overlaps "{other_text}" in row {other}. A carton number may occur once only.',
    ),
    # Dates.
    "date_unreadable": Words(
        "日期“{text}”无法识别。请写成 2026-09-03 或 2026年9月3日。",
        'The date "{text}" cannot be read. Write it like 2026-09-03.',
    ),
    "date_impossible": Words(
        "日期“{text}”不存在。请写成 2026-09-03 这样的实际日期。",
        'The date "{text}" does not exist. Write a real date like 2026-09-03.',
    ),
    "date_ambiguous": Words(
        "日期“{text}”可作多种理解（日、月、年的次序不明）。请写成 2026-09-03（年-月-日）。",
        'The date "{text}" can be read in several ways (order of day, month and year). Write it like 2026-09-03.',
    ),
    "date_year": Words(
        "日期“{text}”的年份不在 2000 至 2099 年之间。请核对。",
        'The year of the date "{text}" is outside 2000 to 2099. Check it.',
    ),
    "date_range": Words(
        "“{text}”是一段日期。每个批号请只写一个生产日期；不同日期生产的请分批号填写。",
        '"{text}" is a span of dates. Give one date per lot; split what was produced on different days.',
    ),
    "shelf_life_unreadable": Words(
        "保质期“{text}”无法识别。请写成 24个月 或 730天。",
        'The shelf life "{text}" cannot be read. Write it like 24 months or 730 days.',
    ),
    "shelf_life_unit": Words(
        "保质期“{text}”没有单位。请写明 个月、天 或 年。",
        'The shelf life "{text}" has no unit. Say whether it is months, days or years.',
    ),
    # Goods.
    "product_missing": Words("品名为空。请填写品名。", "The product's name is empty. Fill it in."),
    "lot_missing": Words(
        "生产批号为空。没有批号无法追溯和召回，请按外箱标签填写。",
        "The lot is empty. Without it nothing can be traced or recalled; copy it from the carton's label.",
    ),
    "gtin_missing": Words(
        "商品条码为空。请按外箱条码填写；确无条码的商品，请填“无”，或把整列留空。",
        'The GTIN is empty. Copy it from the carton; if the goods have none, write "none", or leave the whole column'
        " empty.",
    ),
    "gtin_form": Words(
        "商品条码“{text}”应为 8、12、13 或 14 位数字。请对照外箱条码改正。",
        'The GTIN "{text}" must have 8, 12, 13 or 14 digits. Correct it from the carton.',
    ),
    "gtin_check_digit": Words(
        "商品条码“{text}”的校验码应为 {expected}，不是 {found}：至少有一位输错。请对照外箱条码改正。",
        'GTIN "{text}": the check digit should be {expected}, not {found}, so at least one digit is wrong. '
        "Correct it from the carton.",
    ),
    "gtin_restricted": Words(
        "商品条码 {text} 属于店内或专用号段（前缀 {prefix}），不能用于流通商品。请用厂商的条码；没有的请填“无”。",
        "GTIN {text} has the restricted prefix {prefix} and cannot name traded goods. Use the maker's GTIN; if there "
        'is none, write "none".',
    ),
    "pallet_repeated": Words(
        "托盘号 {text} 在第 {other} 行已用过。一个托盘只能出现一次（混装托盘的各行应相邻）。{hint_zh}",
        "Pallet {text} is already used in row {other}. A pallet may occur once only (lines of a mixed pallet stand "
        "together). {hint_en}",
    ),
    "lot_two_dates": Words(
        "批号 {text} 在第 {other} 行的生产日期是 {other_text}，这里是 {here}。同一批号只能有一个生产日期，请核对。",
        "Lot {text} has the production date {other_text} in row {other} and {here} here. A lot has one date; check it.",
    ),
    "lot_two_expiries": Words(
        "批号 {text} 在第 {other} 行的到期日是 {other_text}，这里是 {here}。同一批号的保质期应一致，请核对。",
        "Lot {text} expires on {other_text} in row {other} and on {here} here. A lot has one shelf life; check it.",
    ),
    "total_differs": Words(
        "合计行的{field_zh}为 {text}，各行相加为 {sum}。请核对各行或合计。",
        "The total says {text} for {field_en}, but the lines add up to {sum}. Check the lines or the total.",
    ),
    # Papers.
    "country_unknown": Words(
        "国家（地区）“{text}”无法识别。请写通用名称，如“巴西 BRAZIL”。",
        'The country "{text}" is not known. Write its usual name, such as "巴西 BRAZIL".',
    ),
    "country_conflict": Words(
        "“{text}”写了两个不同的国家（地区）。请核对。",
        '"{text}" names two different countries. Check it.',
    ),
}

WARNINGS: Final[dict[str, Words]] = {
    "paper_missing": Words(
        "没有找到“{field_zh}”。可以先导入，出证或申报前请补录。",
        "{field_en} was not found. The list can be imported; add it when it is known.",
    ),
    "gtin_column_missing": Words(
        "没有商品条码，箱码将使用本系统的编号。外箱有条码的，请补填。",
        "There is no GTIN, so carton codes will carry ids of this system. Add the GTIN if the cartons show one.",
    ),
    "gtin_is_unit": Words(
        "条码 {text} 是零售单元条码（指示位为 0），不是箱码。请核对箱上的 14 位条码。",
        "GTIN {text} is that of a retail unit (indicator digit 0), not of a case. Check the 14 digits on the carton.",
    ),
    "gtin_two_names": Words(
        "条码 {text} 在第 {other} 行的品名是“{other_text}”，这里是“{here}”。请核对。",
        'GTIN {text} is called "{other_text}" in row {other} and "{here}" here. Check it.',
    ),
    "lot_looks_alike": Words(
        "批号“{text}”与第 {other} 行的“{other_text}”只差大小写、空格或符号，将作为两个批号。请核对。",
        'Lot "{text}" differs from "{other_text}" in row {other} by case, blanks or signs only and counts as another '
        "lot. Check it.",
    ),
    "shelf_life_missing": Words(
        "没有保质期，也没有到期日。销售前须补录。",
        "Neither a shelf life nor an expiry date is given. Add it before the goods are sold.",
    ),
    "expiry_differs": Words(
        "写明的到期日 {text} 与生产日期加保质期（{computed}）不符，按较早的一天处理。请核对。",
        "The stated expiry {text} differs from production plus shelf life ({computed}); the earlier day is used. "
        "Check it.",
    ),
    "expired": Words(
        "到期日 {text} 已过。请核对日期和保质期。",
        "The goods expired on {text}. Check the date and the shelf life.",
    ),
    "production_after_entry": Words(
        "生产日期 {text} 晚于进境日期 {entry}。请核对。",
        "The production date {text} is after the date of entry {entry}. Check it.",
    ),
    "production_in_future": Words(
        "生产日期 {text} 在今天之后。请核对。",
        "The production date {text} lies in the future. Check it.",
    ),
    "carton_weight": Words(
        "每箱净重 {each} 公斤，超出常见的 0.5 至 60 公斤。请核对件数和重量。",
        "A carton would weigh {each} kg net, outside the usual 0.5 to 60 kg. Check count and weight.",
    ),
    "net_computed": Words(
        "没有净重，已按规格（如 {each} 公斤/箱）和件数计算。请核对。",
        "There is no net weight; it was worked out from count and specification ({each} kg a carton, say). Check it.",
    ),
    "net_differs_from_spec": Words(
        "净重 {kg} 公斤与规格计算值 {computed} 公斤相差超过 2%。请核对。",
        "The net weight, {kg} kg, differs by more than 2 % from the specification, {computed} kg. Check it.",
    ),
    "carton_range_gap": Words(
        "箱号 {text} 之前缺 {missing}。请核对是否漏行。",
        "Before carton {text} the numbers {missing} are missing. Check whether a line was left out.",
    ),
    "row_hidden": Words(
        "这一行在工作表中是隐藏的，但已读入。如不属于本批货物，请删除后重新导入。",
        "This row is hidden in the sheet and has been read all the same. If it is not of this consignment, delete it.",
    ),
    "row_not_understood": Words(
        "这一行夹在明细之间，但不像货物行，未读入：“{text}”。",
        'This row stands among the lines but does not look like one and was not read: "{text}".',
    ),
    "sheet_ignored": Words(
        "工作表“{text}”中的表格不像装箱明细，未读入。",
        'The table on sheet "{text}" does not look like a packing list and was not read.',
    ),
    "product_not_chinese": Words(
        "“{text}”没有中文品名。上架销售前须有中文标签，请补录。",
        '"{text}" has no Chinese name. A Chinese label is needed before sale; add the name.',
    ),
    "registration_country_differs": Words(
        "注册编号 {text} 属于 {country}，与原产国（地区）{origin} 不符。请核对。",
        "Registration {text} belongs to {country}, but the country of origin is {origin}. Check it.",
    ),
    "declaration_year_differs": Words(
        "报关单年份 {text} 与进境日期 {entry} 相差一年以上。请核对。",
        "The declaration is of the year {text}, the entry of {entry}. Check them.",
    ),
    "entry_in_future": Words(
        "进境日期 {text} 在今天之后。如尚未到港，到港后请核对。",
        "The date of entry {text} lies in the future. If the goods are still at sea, check it on arrival.",
    ),
    "hs_code_short": Words(
        "商品编码“{text}”只有 6 或 8 位，是出口方的编码，未保存。请补录报关单上的 10 位编码。",
        'The commodity code "{text}" has 6 or 8 digits, so it is the exporter\'s; it was not kept. Add the ten digits '
        "of the declaration.",
    ),
    "port_name_unknown": Words(
        "口岸“{text}”不在本系统的小表中，按原文保存。请补写五位口岸代码，如 CNTXG。",
        'The port "{text}" is not in our small table and is kept as written. Add its UN/LOCODE, such as CNTXG.',
    ),
    "example_left": Words(
        "这像是模板中的示例内容。请换成实际单证内容后再导入。",
        "This looks like the example of the template. Replace it by the real papers before importing.",
    ),
}

FIELD_WORDS: Final[dict[str, Words]] = {
    "line": Words("序号", "line number"),
    "pallet": Words("托盘号", "pallet"),
    "carton_range": Words("箱号范围", "carton range"),
    "product": Words("品名", "product"),
    "gtin": Words("商品条码", "GTIN"),
    "lot": Words("生产批号", "lot"),
    "production_date": Words("生产日期", "production date"),
    "expiry_date": Words("到期日", "expiry date"),
    "shelf_life": Words("保质期", "shelf life"),
    "spec": Words("规格", "specification"),
    "cartons": Words("件数", "cartons"),
    "net": Words("净重", "net weight"),
    "gross": Words("毛重", "gross weight"),
    "remark": Words("备注", "remark"),
    "declaration_number": Words("报关单号", "customs declaration number"),
    "container_number": Words("集装箱号", "container number"),
    "seal_number": Words("封号", "seal number"),
    "bill_of_lading": Words("提单号", "bill of lading"),
    "port": Words("入境口岸", "port of entry"),
    "entry_date": Words("进境日期", "date of entry"),
    "importer_uscc": Words("境内收货人统一社会信用代码", "importer's unified social credit code"),
    "importer": Words("境内收货人", "importer"),
    "overseas_registration": Words("境外生产企业注册编号", "overseas registration number"),
    "plant": Words("工厂号", "establishment number"),
    "plant_name": Words("生产企业", "manufacturer"),
    "origin": Words("原产国（地区）", "country of origin"),
    "quarantine_certificate": Words("入境货物检验检疫证明编号", "quarantine certificate number"),
    "health_certificate": Words("官方卫生证书", "official health certificate"),
    "storage": Words("贮存条件", "storage conditions"),
    "hs_code": Words("商品编码", "commodity code"),
    "pallets": Words("托盘数", "pallets"),
}
"""What each fact is called when a sentence needs its name."""
