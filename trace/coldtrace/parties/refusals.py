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


class DeviceEnrolled(Refusal):
    """The key is enrolled already."""

    code = "device_enrolled"
    title = Words("设备已注册", "Device already enrolled")
    detail = Words(
        "该密钥已经注册。请直接使用，或在新的状态目录中重新注册。",
        "This key is enrolled already. Go on using it, or enrol again from a new state folder.",
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
