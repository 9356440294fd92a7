"""The browser of these tests shows Chinese as a phone does, not as empty boxes."""

from playwright.sync_api import Page


def test_chinese_signs_have_shapes_of_their_own(phone: Page) -> None:
    pictures = []
    for sign in ("冷", "链", "\U000fff00"):
        phone.set_content(f"<body style='margin:0;font:40px sans-serif' lang='zh-CN'>{sign}</body>")
        pictures.append(phone.screenshot(clip={"x": 0, "y": 0, "width": 50, "height": 60}))
    assert len(set(pictures)) == 3


def test_the_page_is_as_wide_as_a_phone(phone: Page) -> None:
    phone.set_content("<meta name='viewport' content='width=device-width'><p>x</p>")
    assert phone.evaluate("innerWidth") == 390
