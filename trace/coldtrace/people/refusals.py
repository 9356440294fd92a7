"""Answers about people that a caller can act on."""

from coldtrace.errors import Refusal, Words


class PersonUnknown(Refusal):
    """Nobody has this id, or nobody whom the caller may see."""

    code = "person_unknown"
    title = Words("没有此人", "No such person")
    detail = Words("没有编号为 {id} 的人员。请核对编号。", "There is no person with the id {id}. Check the id.")


class NoSecondStep(Refusal):
    """The person signs in with one step, so there is none to take away."""

    code = "no_second_step"
    title = Words("未启用两步验证", "No second step")
    detail = Words(
        "{id} 没有启用两步验证，无需移除。请核对是否选对了人。",
        "{id} signs in with one step; there is none to take away. Check whether this is the right person.",
    )


class OwnSecondStep(Refusal):
    """An administrator's own second step ends with the password, not without: an open session may be a thief's."""

    code = "own_second_step"
    title = Words("请在“我的账号”停用", "Stop it under My account")
    detail = Words(
        "自己的两步验证请在“我的账号”中凭密码停用；手机和备用码都丢失时，请另一名管理员移除，或用服务器命令"
        " coldtrace people remove-second-step。",
        "One's own second step is stopped under My account, with the password. Where phone and recovery codes are lost,"
        " another administrator takes it away, or coldtrace people remove-second-step on the server.",
    )


class LastAdministrator(Refusal):
    """Without this person nobody could keep people, devices and keys any more."""

    code = "last_administrator"
    title = Words("最后一名管理员", "The last administrator")
    detail = Words(
        "{id} 是平台最后一名在用的管理员，不能移除。请先指定另一名管理员：coldtrace admin create。",
        "{id} is the last active administrator of the platform and stays. Make another one first:"
        " coldtrace admin create.",
    )


class SignInRefused(Refusal):
    """Wrong e-mail, password or code, an account that is closed, or too many attempts: never which."""

    code = "sign_in_refused"
    title = Words("未能登录", "Not signed in")
    detail = Words(
        "邮箱、密码或动态码不正确，或尝试次数过多。请核对后重试；多次失败后需要等待，最长 15 分钟。"
        "忘记密码可用邮件重设。",
        "E-mail, password or code is not right, or there were too many attempts. Check and try again; after several"
        " failures one has to wait, 15 minutes at most. A forgotten password is reset by e-mail.",
    )


class CodeWanted(Refusal):
    """The password is right and the account wants a one-time code too."""

    code = "sign_in_code_wanted"
    title = Words("请输入动态码", "Enter the code")
    detail = Words(
        "此账号启用了两步验证。请再次输入密码，并填写验证器应用中的 6 位动态码或一个备用码。",
        "This account uses two steps. Enter the password again, with the six digits of the authenticator app or one of"
        " the recovery codes.",
    )


class MalformedEmail(Refusal):
    """The text is no e-mail address."""

    code = "malformed_email"
    title = Words("邮箱地址有误", "Malformed e-mail address")
    detail = Words(
        "“{email}” 不是可用的邮箱地址。例如 li.na@example.cn。",
        "“{email}” is no usable e-mail address; li.na@example.cn, say, is one.",
    )


class WeakPassword(Refusal):
    """The password is too short, too long, or among those that are tried first."""

    code = "weak_password"
    title = Words("密码不够安全", "Password not good enough")
    detail = Words(
        "密码须为 10–200 个字符，且不是常见密码，也不含邮箱或姓名。三四个不相干的词连起来就很好。",
        "A password has 10 to 200 characters, is none of the common ones and does not hold the e-mail address or the"
        " name. Three or four unrelated words make a good one.",
    )


class LinkRefused(Refusal):
    """The one-time link was used, has expired or was never made."""

    code = "link_refused"
    title = Words("链接无效", "The link is not valid")
    detail = Words(
        "此链接已使用、已过期或不存在。邀请请联系邀请人重发；重设密码请重新申请。",
        "This link was used, has expired or never existed. Ask whoever invited you for a new one, or ask for another"
        " reset.",
    )


class EmailTaken(Refusal):
    """Somebody of another organisation has this address already; only the administrator may join the two."""

    code = "email_taken"
    title = Words("无法邀请此邮箱", "This address cannot be invited")
    detail = Words(
        "此邮箱不能由本单位邀请。请使用本人的单位邮箱，或联系平台管理员。",
        "Your organisation cannot invite this address. Use the person's address at work, or ask the platform's"
        " administrator.",
    )


class TotpRefused(Refusal):
    """The code from the authenticator app does not fit."""

    code = "totp_refused"
    title = Words("动态码不正确", "The code is not right")
    detail = Words(
        "动态码不正确或已使用。请核对手机时间，输入当前显示的 6 位数字。",
        "The code is not right, or was used. Check the phone's clock and enter the six digits that it shows now.",
    )


class PasswordRefused(Refusal):
    """A change that needs the present password came with another one."""

    code = "password_refused"
    title = Words("当前密码不正确", "The present password is not right")
    detail = Words("当前密码不正确，未作更改。", "The present password is not right; nothing was changed.")
