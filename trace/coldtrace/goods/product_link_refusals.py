"""Answers about links of products that a caller can act on."""

from coldtrace.errors import Refusal, Words


class ProductNotYours(Refusal):
    """No import of these goods has an importer for whom the caller may speak."""

    code = "product_not_yours"
    title = Words("不是本单位进口的产品", "Not a product that you import")
    detail = Words(
        "没有查到贵单位作为进口商的产品 {gtin}（批号 {lot}）。请核对 GTIN 与批号，或先导入装箱单。",
        "No import of product {gtin} (lot {lot}) has you as its importer. Check GTIN and lot, or import its packing"
        " list first.",
    )


class LinkHrefUnusable(Refusal):
    """The address of a link is none that a visitor may be sent to."""

    code = "link_href_unusable"
    title = Words("链接地址不可用", "The address cannot be used")
    detail = Words(
        "地址“{href}”不可用：须以 https:// 开头、主机名小写、不含空格和引号，最多 {limit} 个字符。",
        "The address “{href}” cannot be used: it begins with https://, has a lower-case host, no blanks or quotation"
        " marks, and at most {limit} signs.",
    )


class TooManyLinks(Refusal):
    """One firm has as many links for one product as it may."""

    code = "too_many_links"
    title = Words("链接过多", "Too many links")
    detail = Words(
        "产品 {gtin} 已有 {limit} 条链接。请先停用不再需要的链接。",
        "Product {gtin} has {limit} links already. End those that are no longer needed.",
    )


class LinkUnknown(Refusal):
    """There is no such live link that the caller may end."""

    code = "link_unknown"
    title = Words("没有该链接", "No such link")
    detail = Words("没有编号为 {id} 的有效链接。请核对编号。", "There is no live link {id}. Check the identifier.")
