"""The page of rules (`docs/access.md`) in plain Python, written from the page and from nothing else.

Who sees and reads what, and who may do what, for the worlds of `tests/support/world.py`.
"""

from tests.support.world import Dossier, Entry, Person, World

PUBLIC, INTERNAL, CONFIDENTIAL, RESTRICTED, SEALED = range(5)
NO_DOSSIERS = {"system_admin", "security_admin", "auditor", "backup"}
FIRM = {"lawyer", "assistant", "archivist", "partner", "director"}

# The table of the page: who sees metadata, who reads content, by effective level.
METADATA = {
    PUBLIC: {"everybody"},
    INTERNAL: {"lawyer", "assistant", "archivist", "partner", "director", "team", "grant"},
    CONFIDENTIAL: {"team", "partner of the department", "archivist", "director", "grant"},
    RESTRICTED: {"team", "archivist", "director", "grant"},
    SEALED: {"team", "grant"},
}
CONTENT = {
    PUBLIC: {"everybody"},
    INTERNAL: {"team", "partner of the department", "archivist", "director", "content grant"},
    CONFIDENTIAL: {"team", "partner of the department", "archivist of the submitted", "director", "content grant"},
    RESTRICTED: {"team", "director", "content grant"},
    SEALED: {"team", "content grant"},
}
GRANT_REACHES = {"lead": CONFIDENTIAL, "above": RESTRICTED, "two": SEALED}


def walled(world: World, person: Person, dossier: Dossier) -> bool:
    """A wall excludes him from the dossier or from its client."""
    return any(
        wall.stands == "active"
        and person in wall.people
        and (wall.client == dossier.client or wall.dossier == world.dossiers.index(dossier))
        for wall in world.walls
    )


def relations(person: Person, dossier: Dossier, level: int) -> set[str]:
    """Everything that the person is to the dossier, in the words of the table."""
    found = {"everybody", *person.roles}
    if person in dossier.team:
        found.add("team")
    if "partner" in person.roles and person.department and person.department == dossier.lead.department:
        found.add("partner of the department")
    if "archivist" in person.roles and dossier.state in {"submitted", "filed"}:
        found.add("archivist of the submitted")
    for grant in dossier.grants:
        if grant.person == person and grant.stands == "effective" and GRANT_REACHES[grant.given] >= level:
            found |= {"grant", "content grant"} if grant.content else {"grant"}
    return found


def sees(world: World, person: Person, dossier: Dossier, entry: Entry | None = None, *, content: bool = False) -> bool:
    """He sees the metadata, or reads the content, of the dossier or of an entry of it."""
    level = dossier.level if entry is None or entry.level is None else max(entry.level, dossier.level)
    if person.roles & NO_DOSSIERS or walled(world, person, dossier) or person.clearance < level:
        return False
    if relations(person, dossier, level) & (CONTENT if content else METADATA)[level]:
        return True
    if "finance" in person.roles and level <= CONFIDENTIAL:
        held = any(one.fees for one in dossier.entries) if entry is None else entry.fees
        if held and not (content and entry is None):
            return True
    return "integration" in person.roles and by_configuration(person, dossier, content=content)


def sees_engagement(world: World, person: Person, dossier: Dossier, entry: Entry | None, *, fees: bool = False) -> bool:
    """He sees an engagement that names the entry (or none), or reads its fee terms."""
    level = dossier.level if entry is None or entry.level is None else max(entry.level, dossier.level)
    if not sees(world, person, dossier) or person.clearance < level:
        return False
    if relations(person, dossier, level) & (CONTENT if fees else METADATA)[level]:
        return True
    if "finance" in person.roles and level <= CONFIDENTIAL:
        return True
    return "integration" in person.roles and by_configuration(person, dossier, content=fees)


def answers_for(world: World, person: Person, dossier: Dossier) -> bool:
    """He works on the dossier or decides on it; on a sealed one only who is named works and decides."""
    if not sees(world, person, dossier):
        return False
    above = decides_as(person, dossier) in {"director", "partner"} and dossier.level < SEALED
    return above or person in dossier.team or ("integration" in person.roles and dossier.creator == person)


def by_configuration(person: Person, dossier: Dossier, *, content: bool) -> bool:
    """The program created the dossier, or its configuration names it."""
    if dossier.creator == person:
        return True
    named = person.program
    if named is None or (content and not named.content):
        return False
    type_fits = not named.matter_types or dossier.matter_type in named.matter_types
    return type_fits and (not named.departments or dossier.lead.department in named.departments)


def knows_client(world: World, person: Person, client: int) -> bool:
    """He may know of the client; of a record that was merged as of the survivor."""
    client = world.merged.get(client, client)
    if person.roles & NO_DOSSIERS or not person.roles & {*FIRM, "integration"}:
        return False
    if any(wall.stands == "active" and wall.client == client and person in wall.people for wall in world.walls):
        return False
    if world.client_creators[client] == person:
        return True
    dossiers = [dossier for dossier in world.dossiers if dossier.client == client]
    if person.roles & FIRM and not dossiers:
        return True
    through = bool(person.roles & FIRM) or person.program is not None
    return through and any(sees(world, person, dossier) for dossier in dossiers)


def sees_identifiers(world: World, person: Person, client: int) -> bool:
    """He, who knows of the client, sees his identifiers whole."""
    if person.roles & {"archivist", "director"}:
        return True
    return any(
        dossier.client == client and person in dossier.team and not walled(world, person, dossier)
        for dossier in world.dossiers
    )


def decides_as(person: Person, dossier: Dossier) -> str | None:
    """As what he decides on the dossier."""
    if "director" in person.roles:
        return "director"
    if "partner" in person.roles and person.department and person.department == dossier.lead.department:
        return "partner"
    return "lead" if person == dossier.lead else None


def may(world: World, person: Person, act: str, dossier: Dossier, entry: Entry | None = None) -> str:
    """What becomes of an act: `done`, `forbidden` (403), or `hidden` (404)."""
    engaged = act in {"engagement.read", "engagement.change"}
    if not (sees_engagement if engaged else sees)(world, person, dossier, entry):
        return "hidden"
    as_what = decides_as(person, dossier)
    works_on_it = person in dossier.team or ("integration" in person.roles and dossier.creator == person)
    allowed = {
        "dossier.read": True,
        "entry.read": True,
        "file.read": True,
        "access.request": True,
        "engagement.read": True,
        "engagement.create": works_on_it,
        "engagement.change": works_on_it,
        "dossier.change": as_what is not None,
        "dossier.void": as_what is not None,
        "dossier.lower_level": as_what == "director",
        "entry.create": works_on_it,
        "entry.change": works_on_it,
        "entry.arrange": works_on_it,
        "file.add": works_on_it,
        "entry.review": person in dossier.team and bool(person.roles & {"lawyer", "partner"}),
        "file.read_content": sees(world, person, dossier, entry, content=True),
        # Lead lawyer up to confidential, above him from restricted on; for sealed ones he proposes and another approves.
        "grant.give": as_what in {"partner", "director"} or (as_what == "lead" and dossier.level != RESTRICTED),
        "grant.decide": as_what is not None,
        # Filing: handed in by who leads, taken in by the archivist, decided above them.
        "dossier.close": as_what is not None,
        "dossier.reopen": as_what is not None,
        "dossier.submit": as_what is not None,
        "dossier.decide_late": as_what in {"partner", "director"},
        "dossier.confirm_retention": bool(person.roles & {"partner", "director"}),
        "dossier.accept": "archivist" in person.roles,
        "dossier.return": "archivist" in person.roles,
        "seal.check": True,
        "receipt.read": True,
        "object.read": True,
        "volume.copy": True,
        "object.keep": bool(person.roles & {"archivist", "director"}),
        **dict.fromkeys(
            (
                "conflict.attach",
                "entry.prepare",
                "receipt.create",
                "receipt.sign",
                "receipt.cancel",
                "object.create",
                "object.change",
                "object.move",
            ),
            works_on_it,
        ),
        "note.add": "archivist" in person.roles,
        "supplement.propose": person in dossier.team or "archivist" in person.roles,
        "supplement.withdraw": person in dossier.team or "archivist" in person.roles,
        "supplement.decide": "director" in person.roles,
        "supplement.accept": "archivist" in person.roles,
    }
    return "done" if allowed[act] else "forbidden"
