"""Twelve codes that each do something, as links and as a printed sheet."""

from coldtrace.cli.demo.proofs import foreign_code, tampered_code
from coldtrace.cli.demo.story import Story
from coldtrace.codes.short_code import new_serial
from coldtrace.codes.sign import sign_code
from coldtrace.goods.mint import ALGORITHMS
from coldtrace.labels.sample_sheet import Sample, make_sample_sheet
from coldtrace.parties import trust
from coldtrace.seal.keys import Ed25519Signer, Signer, kid

SHEET = "sample-labels.pdf"


def write_samples(story: Story) -> dict[str, object]:
    """Print the sheet and return the links of the front page."""
    data_dir = story.installation.settings.data_dir
    box, shelf, pallet = story.sold[0].uri, story.shelf[0].uri, story.pallets[0].label.uri
    stock = story.pallets[-1].label.uri
    unregistered = _signed(story, _station(story))
    rogue = _signed(story, Ed25519Signer.generate())
    samples = [
        Sample(
            label_zh="在售的一箱",
            label_en="A box on the shelf",
            explain_zh="正常：去过哪里、谁说的，并可验证",
            explain_en="In order: where it has been, with proof",
            uri=shelf,
        ),
        Sample(
            label_zh="已售出的一箱",
            label_en="A box that was sold",
            explain_zh="正常 · 已售出，显示销售单位",
            explain_en="In order, sold; shows the shop",
            uri=box,
        ),
        Sample(
            label_zh="托盘",
            label_en="A pallet",
            explain_zh="托盘上有哪些批次",
            explain_en="Which lots are on it",
            uri=stock,
        ),
        Sample(
            label_zh="已拆的托盘",
            label_en="A broken-up pallet",
            explain_zh="在市场拆托后的托盘",
            explain_en="A pallet taken apart at the market",
            uri=pallet,
        ),
        Sample(
            label_zh="场所码（门店）",
            label_en="A place (the shop)",
            explain_zh="扫描后设为收货方或库门",
            explain_en="Sets the receiver or the door",
            uri=story.places["shop"],
        ),
        Sample(
            label_zh="被改过的码",
            label_en="A tampered code",
            explain_zh="拒绝：签名不符",
            explain_en="Refused: the signature does not fit",
            uri=tampered_code(box),
        ),
        Sample(
            label_zh="没有签名的码",
            label_en="An unsigned code",
            explain_zh="拒绝：没有签名",
            explain_en="Refused: no signature",
            uri=box.partition("?")[0],
        ),
        Sample(
            label_zh="未知密钥签的码",
            label_en="Signed by an unknown key",
            explain_zh="拒绝：密钥不在信任列表",
            explain_en="Refused: the key is on no trust list",
            uri=rogue,
        ),
        Sample(
            label_zh="多印的码",
            label_en="A surplus code",
            explain_zh="签名有效但未登记",
            explain_en="Signed but not registered",
            uri=unregistered,
        ),
        Sample(
            label_zh="别家域名的码",
            label_en="A code behind another host",
            explain_zh="留意：地址不在信任列表",
            explain_en="Look twice: the host is not trusted",
            uri=foreign_code(box),
        ),
        Sample(
            label_zh="入库",
            label_en="Command: in",
            explain_zh="手持机切换到入库",
            explain_en="Switches the handheld to receiving",
            uri="CT:IN",
        ),
        Sample(
            label_zh="出库",
            label_en="Command: out",
            explain_zh="手持机切换到出库",
            explain_en="Switches the handheld to shipping",
            uri="CT:OUT",
        ),
    ]
    make_sample_sheet(samples, data_dir / SHEET, font=story.installation.settings.label_font)
    links = {
        "box": story.local(shelf),
        "sold": story.local(box),
        "pallet": story.local(stock),
        "place": story.local(story.places["shop"]),
        "tampered": story.local(tampered_code(box)),
        "unknown": story.local(unregistered),
    }
    return {"box": {"unit": story.sold[0].unit_id, "url": story.local(box)}, "links": links}


def _station(story: Story) -> Signer:
    from coldtrace.cli.demo.sites import SITES

    env = story.installation.env
    with story.installation.sessions() as session:
        return trust.code_key(session, env, SITES[0].gln, env.clock()).signer


def _signed(story: Story, signer: Signer) -> str:
    """Return a well-formed code of the demo's lot that was never issued, signed by this key."""
    serial = new_serial(story.installation.env.random)
    gtin, lot = story.sold[0].uri.split("/")[4], story.sold[0].uri.split("/")[6]
    return sign_code(
        host=story.installation.env.public_host,
        elements=[("01", gtin), ("10", lot), ("21", serial)],
        algorithm=ALGORITHMS[signer.alg],
        kid=kid(signer.spki),
        sign=signer.sign,
    )
