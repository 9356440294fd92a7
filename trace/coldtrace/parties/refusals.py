"""Answers about parties that a caller can act on."""

from coldtrace.errors import Refusal, Words


class SiteUnknown(Refusal):
    """No site has this GLN."""

    code = "site_unknown"
    title = Words("场所未登记", "Site not registered")
    detail = Words(
        "没有登记位置码为 {gln} 的场所。请核对 13 位 GLN，或先登记场所。",
        "No site is registered under GLN {gln}. Check the 13 digits or register the site first.",
    )


class SiteClosed(Refusal):
    """The site is closed, or the organisation that it belongs to: no new device, invitation or code."""

    code = "site_closed"
    title = Words("场所已关闭", "The site is closed")
    detail = Words(
        "场所 {gln}（或其所属单位）已关闭，不能新增设备、邀请或赋码；已登记设备的记录照常接收。"
        "如需恢复，请联系平台管理员。",
        "The site {gln}, or its organisation, is closed: no new device, invitation or code. Statements of its devices"
        " are still taken. The platform's administrator can reopen it.",
    )


class OrganisationClosed(Refusal):
    """The organisation is closed: it gets no new site, role or token."""

    code = "organisation_closed"
    title = Words("单位已关闭", "The organisation is closed")
    detail = Words(
        "统一社会信用代码为 {uscc} 的单位已关闭，不能新增场所、任职或令牌。如需恢复，请联系平台管理员。",
        "The organisation {uscc} is closed: no new site, role or token. The platform's administrator can reopen it.",
    )


class SiteDiffers(Refusal):
    """The GLN is registered already, with other facts."""

    code = "site_differs"
    title = Words("场所已登记", "Site already registered")
    detail = Words(
        "位置码 {gln} 已登记为另一个场所。请使用该场所自己的 GLN。",
        "GLN {gln} is registered already for another site. Use the site's own GLN.",
    )


class NoCodeKey(Refusal):
    """No key of the station may print now: the print window is over, or the keys were retired or revoked."""

    code = "no_code_key"
    title = Words("没有可用的打印密钥", "No key may print now")
    detail = Words(
        "首站 {gln} 现在没有可用于打印的密钥（打印期已过、已停用或已吊销）。请运行：coldtrace keys rotate --site {gln}",
        "The first station {gln} has no key that may print now: its print window is over, or it was retired or revoked."
        " Run: coldtrace keys rotate --site {gln}",
    )


class KeyNotListed(NoCodeKey):
    """The station has a key that could print, but no trust list names it yet: what it signs would pass nowhere."""

    code = "key_not_listed"
    title = Words("密钥尚未列入信任列表", "The key is on no trust list yet")
    detail = Words(
        "首站 {gln} 的密钥 {kid} 尚未列入信任列表，不能用于打印。请发布列表：coldtrace trust-list publish；根离线保管时"
        "：coldtrace trust-list publish --offline FILE，由根持有人签名后用 --signed 导入。",
        "The key {kid} of the first station {gln} is on no trust list yet and may not print. Publish one: coldtrace"
        " trust-list publish; with the roots offline: coldtrace trust-list publish --offline FILE, then take it back"
        " with --signed once the holders of the roots have signed it.",
    )


class KeyUnknown(Refusal):
    """No code key has this kid."""

    code = "signing_key_unknown"
    title = Words("没有该密钥", "No such key")
    detail = Words(
        "没有短号为 {kid} 的首站密钥。请用 coldtrace keys list 查看。",
        "No first station has a key with the short id {kid}. See coldtrace keys list.",
    )


class KeyRevoked(Refusal):
    """The key is revoked for good; it cannot be retired or used again."""

    code = "signing_key_revoked"
    title = Words("密钥已吊销", "Key revoked")
    detail = Words(
        "密钥 {kid} 已吊销，不能再停用或恢复。需要新密钥请运行 coldtrace keys rotate。",
        "The key {kid} is revoked and stays so. For a new one run coldtrace keys rotate.",
    )


class NotAFirstStation(Refusal):
    """Only first stations print codes and have code keys."""

    code = "not_a_first_station"
    title = Words("不是首站", "Not a first station")
    detail = Words(
        "位置码 {gln} 不是首站，没有打印密钥。首站可用 coldtrace sites list 查看。",
        "GLN {gln} is no first station and prints no codes. See coldtrace sites list.",
    )


class NotAMarket(Refusal):
    """A stall stands in a registered market."""

    code = "not_a_market"
    title = Words("不是市场", "Not a market")
    detail = Words(
        "位置码 {gln} 不是已登记的批发市场。请先登记市场，再登记其中的摊位。",
        "GLN {gln} is no registered market. Register the market first, then the stalls in it.",
    )


class WindowUnusable(Refusal):
    """A key's windows do not make sense."""

    code = "key_window_unusable"
    title = Words("密钥期限不可用", "Key windows not usable")
    detail = Words(
        "打印期限 {print_days} 天、接受期限 {accept_days} 天不可用：打印期至少 1 天，且不长于接受期；均不超过 3650 天。"
        "",
        "A print window of {print_days} days with {accept_days} days of acceptance cannot be: print at least one day,"
        " and no"
        " longer than codes are accepted; neither beyond 3650 days.",
    )


class PublicTestKey(Refusal):
    """A key of the published test list is in use where it counts."""

    code = "public_test_key"
    title = Words("使用了公开的测试密钥", "A public test key is in use")
    detail = Words(
        "密钥 {kid} 的私钥人人可得（见 keys/ 目录的测试列表），正式环境拒绝启动。请用 coldtrace keys init"
        " 建立自己的密钥。",
        "Everybody has the private half of the key {kid}: it is on the test list in keys/. Make keys of your own in a"
        " new data"
        " folder with: coldtrace keys init",
    )


class PassphraseMissing(Refusal):
    """Production keeps its keys encrypted and was not told where the passphrase is."""

    code = "passphrase_missing"
    title = Words("未设置密钥口令", "No passphrase for the keys")
    detail = Words(
        "生产环境的密钥文件必须加密。请把口令写入仅本人可读的文件，并设置 COLDTRACE_KEY_PASSPHRASE_FILE 指向它"
        "（可用 openssl rand -base64 32 生成）。",
        "In production key files are encrypted. Write a passphrase to a file that only the service can read, made by"
        " openssl rand -base64 32 say, and point COLDTRACE_KEY_PASSPHRASE_FILE at it.",
    )


class RootsOffline(Refusal):
    """The trust list has to be signed with root keys that are not in the key folder."""

    code = "roots_offline"
    title = Words("根密钥不在本机", "The roots are offline")
    detail = Words(
        "信任列表需要 {threshold} 个根签名，本机密钥目录只有 {here} 个根密钥。请依次运行："
        "coldtrace trust-list publish --offline FILE，由根密钥持有人 coldtrace trust-list sign FILE --key KEY，"
        "最后 coldtrace trust-list publish --signed FILE。",
        "A trust list needs {threshold} root signatures and {here} root keys lie in the key folder. Run coldtrace"
        " trust-list"
        " publish --offline FILE, have the holders of roots run coldtrace trust-list sign FILE --key KEY, then"
        " coldtrace"
        " trust-list publish --signed FILE.",
    )


class SignedListStale(Refusal):
    """A list that was signed elsewhere is not the one that would be exported now."""

    code = "signed_list_stale"
    title = Words("已签名的列表已过时", "The signed list is out of date")
    detail = Words(
        "已签名的列表（序号 {seq}）不是现在应发布的列表（序号 {next_seq}）：导出之后，密钥、场所或主机名有变化，"
        "或已发布其他列表。请重新导出并签名。",
        "The signed list (number {seq}) is not the list that is due now (number {next_seq}): since it was exported,"
        " keys, places or hosts have changed here, or another list was published. Export it again and have it signed.",
    )


class RootsHaveToSign(Refusal):
    """A list came back before enough holders of the roots had signed it."""

    code = "roots_have_to_sign"
    title = Words("根签名不足", "More roots have to sign")
    detail = Words(
        "列表有 {signed} 个有效的根签名，需要 {threshold} 个。尚未有效签名的根：{missing}。请其持有人运行 coldtrace"
        " trust-list sign，再导入；已签而仍列出的，请核对 --as 与密钥是否相符。",
        "The list has {signed} valid root signatures of the {threshold} it needs. Roots without a valid one: {missing}."
        " Have their holders run coldtrace trust-list sign, then take it back again; one that has signed and still"
        " stands here signed with a key that is not the root named by --as.",
    )


class RootChangeWithoutList(Refusal):
    """A root change is adopted together with a list that the new roots have signed."""

    code = "root_change_without_list"
    title = Words("缺少新根签名的列表", "No list signed by the new roots")
    detail = Words(
        "变更后的根需要 {threshold} 个签名，本机只有 {here} 个根密钥。请先 coldtrace trust-list publish --offline"
        " FILE，"
        "由新根持有人签名，再与变更一起采纳：coldtrace keys root adopt CHANGE --list FILE。",
        "After the change a trust list needs {threshold} root signatures and {here} of these keys lie here. Run"
        " coldtrace"
        " trust-list publish --offline FILE, have the new holders sign it, and adopt both: coldtrace keys root adopt"
        " CHANGE --list FILE.",
    )


class NoTrustList(Refusal):
    """The installation has published no list yet."""

    code = "no_trust_list"
    title = Words("尚无信任列表", "No trust list yet")
    detail = Words(
        "尚未发布信任列表：根密钥不在本机。请运行 coldtrace trust-list publish --offline FILE 并由根密钥持有人签名。",
        "No trust list has been published: the roots are offline. Run coldtrace trust-list publish --offline FILE and"
        " have"
        " their holders sign it.",
    )


class MalformedCompanyPrefix(Refusal):
    """The text is no GS1 company prefix."""

    code = "malformed_company_prefix"
    title = Words("厂商识别代码有误", "Malformed company prefix")
    detail = Words(
        "“{prefix}” 不是厂商识别代码。请填写物品编码中心分配的 4–12 位数字。",
        "“{prefix}” is no GS1 company prefix. Give the 4 to 12 digits that the GS1 organisation assigned.",
    )


class CompanyPrefixOverlaps(Refusal):
    """One prefix is the beginning of another: both would give out the same numbers."""

    code = "company_prefix_overlaps"
    title = Words("厂商识别代码重叠", "Company prefixes overlap")
    detail = Words(
        "厂商识别代码 {prefix} 与场所 {gln} 的 {other} 重叠，两者会编出相同的号码。请核对两处；"
        "未登记过的场所默认取 GLN 前 7 位。",
        "Company prefix {prefix} overlaps {other} of site {gln}; both would give out the same numbers. Check the two: a"
        " site that was given none has the first 7 digits of its GLN.",
    )


class MalformedDistrict(Refusal):
    """The district is not a code of GB/T 2260."""

    code = "malformed_district"
    title = Words("区划代码有误", "Malformed district")
    detail = Words(
        "“{district}” 不是 6 位行政区划代码。例如天津市滨海新区为 120116。",
        "“{district}” is not a six-digit district code of GB/T 2260; Binhai in Tianjin, say, is 120116.",
    )


class DeviceNotFound(Refusal):
    """No device has this key."""

    code = "device_not_found"
    title = Words("没有该设备", "No such device")
    detail = Words(
        "没有密钥为 {key} 的设备。请用 coldtrace devices list 查看。",
        "No device has the key {key}. See coldtrace devices list.",
    )


class InviteRefused(Refusal):
    """The invitation was used, has expired or was never made."""

    code = "invite_refused"
    title = Words("邀请无效", "Invitation not valid")
    detail = Words(
        "该邀请已使用、已过期或不存在。请向管理员索取新的邀请：coldtrace devices invite。",
        "This invitation was used, has expired or never existed. Ask for a new one: coldtrace devices invite.",
    )


class InviteNotFound(Refusal):
    """No open invitation has this id."""

    code = "invite_not_found"
    title = Words("没有该邀请", "No such invitation")
    detail = Words(
        "没有编号为 {id} 的待用邀请：可能已使用、已过期或已撤回。请用 coldtrace devices invites 查看。",
        "No open invitation has the id {id}: it was used, has expired or was withdrawn. See coldtrace devices invites.",
    )


class InviteLifeUnusable(Refusal):
    """An invitation is good for a minute at least and for thirty days at most."""

    code = "invite_life_unusable"
    title = Words("邀请期限不可用", "Life of the invitation not usable")
    detail = Words(
        "邀请的有效期须在 1 分钟至 30 天之间。",
        "An invitation is good for between one minute and thirty days.",
    )


class OperationNotForSite(Refusal):
    """A device of this site may not be invited to do this."""

    code = "operation_not_for_site"
    title = Words("该场所不允许此操作", "Not an operation of this site")
    detail = Words(
        "场所 {gln} 的设备不能进行“{operation}”。可选：{allowed}。",
        "A device of site {gln} may not {operation}. It may: {allowed}.",
    )


class DeviceEnded(Refusal):
    """The key was revoked, closed or replaced already."""

    code = "device_ended"
    title = Words("设备密钥已结束", "The device's key has ended")
    detail = Words(
        "密钥 {key} 已吊销、停用或更换，不能再更换。需要设备请重新邀请：coldtrace devices invite。",
        "The key {key} was revoked, closed or replaced already and cannot be rolled. Invite a device anew: coldtrace"
        " devices invite.",
    )


class DeviceEnrolled(Refusal):
    """The key is enrolled already."""

    code = "device_enrolled"
    title = Words("设备已注册", "Device already enrolled")
    detail = Words(
        "该密钥已经注册。请直接使用，或在新的状态目录中重新注册。",
        "This key is enrolled already. Go on using it, or enrol again from a new state folder.",
    )


class GatewayClosed(Refusal):
    """The site has no gateway that may speak."""

    code = "gateway_closed"
    title = Words("该场所未开通网关", "The site's gateway is closed")
    detail = Words(
        "场所 {gln} 没有可用的网关。请由本单位管理者开通：PUT /api/v1/sites/{gln}/gateway。",
        "The site {gln} has no gateway that may speak. Have whoever manages it open one:"
        " PUT /api/v1/sites/{gln}/gateway.",
    )


class AuthenticationRequired(Refusal):
    """Neither a token nor a device signature came with the request."""

    code = "authentication_required"
    title = Words("需要身份验证", "Authentication required")
    detail = Words(
        "此接口需要令牌（Authorization: Bearer …）或已注册设备的签名。",
        "This needs a token (Authorization: Bearer …) or the signature of an enrolled device.",
    )


class TokenRefused(Refusal):
    """The token is unknown, expired, withdrawn or not allowed here."""

    code = "token_refused"
    title = Words("令牌无效", "Token not valid")
    detail = Words(
        "令牌不存在、已过期、已撤销，或不允许此操作。请换用有效令牌。",
        "The token is unknown, expired, withdrawn or not allowed to do this. Use a valid one.",
    )


class DevelopmentOnly(Refusal):
    """Production refuses keys, tokens and logins made for development."""

    code = "development_only"
    title = Words("生产环境拒绝开发密钥", "Development secrets refused in production")
    detail = Words(
        "该数据目录使用开发密钥或令牌，COLDTRACE_ENV=production 时拒绝启动。"
        "请使用新的数据目录并运行 coldtrace keys init。",
        "This data folder holds development keys or tokens, which COLDTRACE_ENV=production refuses."
        " Use a new data folder and run: coldtrace keys init.",
    )


class NotInstalled(Refusal):
    """The installation has no keys yet."""

    code = "not_installed"
    title = Words("尚未初始化", "Not initialised")
    detail = Words(
        "此安装还没有密钥。请先运行：coldtrace keys init。",
        "This installation has no keys yet. Run: coldtrace keys init.",
    )


class DatabaseOfAnotherInstallation(Refusal):
    """The key folder and the database do not belong together."""

    code = "other_installation"
    title = Words("密钥与数据库不匹配", "Keys and database do not match")
    detail = Words(
        "密钥目录 {folder} 与数据库不属于同一安装。请把 COLDTRACE_DATA_DIR 与 COLDTRACE_DATABASE_URL 指向同一安装。",
        "The key folder {folder} and the database belong to different installations."
        " Point COLDTRACE_DATA_DIR and COLDTRACE_DATABASE_URL at the same one.",
    )
