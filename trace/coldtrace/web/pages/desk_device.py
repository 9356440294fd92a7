"""How a device is, in words: on the list of devices, and on the page of one."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from fastapi import Request

from coldtrace.clock import parse_utc
from coldtrace.errors import Words
from coldtrace.parties.directory import ListedDevice
from coldtrace.parties.model import Site
from coldtrace.seal.b64 import b64
from coldtrace.web.pages.desk_form import NAME, SITE, STATE, STATES
from coldtrace.web.pages.qr_picture import qr_picture
from coldtrace.web.pages.sheet import Cell, Row, Section
from coldtrace.web.pages.views import Bilingual
from coldtrace.web.today import SILENT_AFTER

REPLACED = Words("已换新密钥，旧密钥待停用", "Given a new key; the old one ends with its chain")
UNSENT, BLOCK_LIST = Words("待上传", "Unsent"), Words("禁用清单签发于", "Block list of")
UNKNOWN = Words("未知：设备没有说过", "unknown: it never said")
SILENT = Words("使用中，超过一天没有联系", "In use, not heard of for a day")


def invitation_sections(text: str | None) -> tuple[Section, ...]:
    """Return the invitation that was just made as a code to be scanned; nothing where none was."""
    if text is None:
        return ()
    return (
        Section(
            id="invitation",
            title=Words("用新设备扫描", "Scan it with the new device"),
            lead=Words(
                "在手持终端上选“登记”，扫描此码；只能用一次，离开本页后不再显示。",
                "Choose “enrol” on the handheld and scan this. It works once, and is not shown again after this page.",
            ),
            picture=qr_picture(text),
        ),
    )


def device_state(device: ListedDevice, now: datetime) -> Words:
    """Return the state of a device as its keeper should read it."""
    if device.state == "active" and device.replaced_by is not None:
        return REPLACED
    if device.state == "active" and (device.last_seen_at or device.enrolled_at) < now - SILENT_AFTER:
        return SILENT
    return STATES[device.state]


def unsent_cell(device: ListedDevice) -> Cell:
    """Return how many statements waited on a device when it last said so."""
    if device.unsent is None:
        return Cell(words=UNKNOWN)
    return Cell(words=Words(f"{device.unsent:,} 条", f"{device.unsent:,}"), tone="look" if device.unsent else "")


def block_list_cell(device: ListedDevice) -> Cell:
    """Return of when a device's block list was when it last said so."""
    return Cell(words=UNKNOWN) if device.stops_at is None else Cell(moment=device.stops_at)


def device_sections(
    request: Request, device: ListedDevice, site: Site, found: Mapping[str, object]
) -> tuple[Section, ...]:
    """Return what is known of one device; `found` is its chain as `custody.chain.describe` has it."""
    holes = cast("list[dict[str, object]]", found["holes"])
    forks = cast("list[int]", found["forks"])
    replaced = () if device.replaced_by is None else ((Words("新密钥", "New key"), _device(device.replaced_by)),)
    about = Section(
        id="device",
        title=Words("设备", "Device"),
        facts=(
            (NAME, Cell(text=device.name or "-")),
            (SITE, Cell(name=Bilingual(zh=site.name_zh, en=site.name_en), text=site.gln)),
            (STATE, Cell(words=device_state(device, request.app.state.env.clock()))),
            (Words("密钥", "Key"), Cell(text=b64(device.key_id))),
            *replaced,
            (Words("登记", "Enrolled"), Cell(moment=device.enrolled_at)),
            (
                Words("最近联系", "Last seen"),
                Cell(moment=device.last_seen_at)
                if device.last_seen_at
                else Cell(words=Words("登记后还没有联系过", "Not since it was enrolled")),
            ),
            (UNSENT, unsent_cell(device)),
            (BLOCK_LIST, block_list_cell(device)),
            (
                Words("设备自述时间", "It said so"),
                Cell(moment=device.reported_at) if device.reported_at else Cell(words=UNKNOWN),
            ),
            (Words("最后一条记录的序号", "Number of its last statement"), Cell(text=f"{found['last_seq']:,}")),
            (
                Words("分叉", "Forks"),
                Cell(text=", ".join(str(each) for each in forks)) if forks else Cell(words=Words("没有", "None")),
            ),
        ),
    )
    missing = Section(
        id="holes",
        title=Words("缺少的记录", "Statements that never came"),
        lead=Words(
            "设备给每条记录编号。这些序号没有收到：多半还在设备里，请让它联网同步；设备已丢失的，请吊销。",
            "A device numbers what it says. These numbers did not come: most likely they are still in it, so let it"
            " sync; revoke a device that is lost.",
        ),
        columns=(Words("从", "From"), Words("到", "To"), Words("自何时起缺少", "Missing since")),
        rows=tuple(
            Row(
                id=str(each["from"]),
                cells=(
                    Cell(text=str(each["from"])),
                    Cell(text=str(each["to"])),
                    Cell(moment=parse_utc(str(each["since"]))),
                ),
            )
            for each in holes
        ),
        empty=Words("没有缺少：每个序号都收到了。", "None: every number came."),
        links=(("/desk/devices", Words("所有设备", "All devices")),),
    )
    return about, missing


def _device(key: bytes) -> Cell:
    return Cell(text=b64(key)[:12], url=f"/desk/devices/{b64(key)}")
