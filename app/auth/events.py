"""Event types of users and tokens."""

from app.events.vocabulary import EventType

AUTH_SUCCEEDED = EventType("auth.succeeded", "A token was issued", "签发令牌")
AUTH_FAILED = EventType("auth.failed", "A login failed", "登录失败")
AUTH_LOCKED = EventType("auth.locked", "Logins were locked after repeated failures", "多次登录失败,暂时锁定")
AUTH_REFRESHED = EventType("auth.refreshed", "A token was refreshed", "刷新令牌")
AUTH_REFRESH_REUSED = EventType("auth.refresh_reused", "A used refresh token came again", "刷新令牌被重复使用")
AUTH_LOGGED_OUT = EventType("auth.logged_out", "Somebody logged out", "退出登录")
AUTH_SESSIONS_LISTED = EventType("auth.sessions_listed", "Somebody listed his sessions", "查看本人会话")
AUTH_SESSION_ENDED = EventType("auth.session_ended", "Somebody ended one of his sessions", "结束本人会话")
AUTH_PASSWORD_CHANGED = EventType("auth.password_changed", "Somebody changed his password", "修改本人密码")
AUTH_REJECTED = EventType("auth.rejected", "A request came without a token that opens it", "请求未携带有效令牌")
AUTH_ACCEPTED = EventType("auth.accepted", "A newer token of the outside issuer was taken", "接受外部签发方的新令牌")
AUTH_IDENTITY_VIEWED = EventType("auth.identity_viewed", "Somebody asked who he is here", "查看本人身份")
USER_CREATED = EventType("user.created", "A user was created", "新建用户")
USER_PROVISIONED = EventType(
    "user.provisioned",
    "A person of the outside issuer became a user at first sight",
    "外部签发方人员首次出现并建立用户",
)
USER_ROLES_FOLLOWED = EventType(
    "user.roles_followed", "A user's roles followed the outside issuer's", "用户角色随外部签发方变更"
)
USER_CHANGED = EventType("user.changed", "A user was changed", "修改用户")
USER_TOKENS_REVOKED = EventType(
    "user.tokens_revoked", "All sessions and tokens of a user were ended", "终止用户的全部会话与令牌"
)
USER_VIEWED = EventType("user.viewed", "A user was read", "查看用户")
USER_LISTED = EventType("user.listed", "Users were listed", "列出用户")
DIRECTORY_LISTED = EventType("user.directory_listed", "The directory of people was read", "查看人员名录")
CLEARANCES_VIEWED = EventType("clearance.viewed", "Clearances of roles were read", "查看角色密级权限")
CLEARANCES_CHANGED = EventType("clearance.changed", "Clearances of roles were changed", "修改角色密级权限")
INTEGRATION_VIEWED = EventType("integration.viewed", "A program's configuration was read", "查看集成程序配置")
INTEGRATION_CHANGED = EventType("integration.changed", "A program's configuration was changed", "修改集成程序配置")
SECRET_RENEWED = EventType("service_account.secret_renewed", "A program got a new secret", "更换服务账号密钥")
SERVICE_ACCOUNT_CREATED = EventType("user.service_account_created", "A service account was created", "新建服务账号")
