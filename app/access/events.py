"""Event types of refusals, grants, access requests and walls."""

from app.events.vocabulary import EventType

ACCESS_DENIED = EventType("access.denied", "An act was refused", "拒绝访问")
GRANT_GIVEN = EventType("grant.given", "Access to a dossier was granted", "授予案卷权限")
GRANT_APPROVED = EventType(
    "grant.approved", "A second person approved a sealed dossier's grant", "密卷授权经第二人批准"
)
GRANT_REFUSED = EventType("grant.refused", "A second person refused a sealed dossier's grant", "密卷授权未获第二人批准")
GRANT_REVOKED = EventType("grant.revoked", "A grant was revoked", "撤销案卷权限")
GRANT_LISTED = EventType("grant.listed", "Grants of a dossier were read", "查看案卷授权")
GRANT_VIEWED = EventType("grant.viewed", "A grant was read", "查看授权")
ACCESS_REQUESTED = EventType("access.requested", "Access to a dossier was asked for", "申请查阅案卷")
ACCESS_DECIDED = EventType("access.decided", "A request for access was decided", "审批查阅申请")
ACCESS_REQUEST_LISTED = EventType("access.requests_listed", "Requests for access were read", "查看查阅申请列表")
ACCESS_REQUEST_VIEWED = EventType("access.request_viewed", "A request for access was read", "查看查阅申请")
ACCESS_REPORTED = EventType("access.reported", "Who may see a dossier was asked", "查询案卷权限")
READERS_REPORTED = EventType("access.readers_reported", "Who saw a dossier was asked", "查询案卷阅览记录")
WALL_REQUESTED = EventType("wall.requested", "A wall was asked for", "申请信息隔离")
WALL_CREATED = EventType("wall.created", "A wall was put up", "设置信息隔离")
WALL_CHANGED = EventType("wall.changed", "A wall was changed, put into force or lifted", "变更信息隔离")
WALL_LISTED = EventType("wall.listed", "Walls were listed", "列出信息隔离")
WALL_VIEWED = EventType("wall.viewed", "A wall was read", "查看信息隔离")
