"""Everything that can be done, wired for each process: a service is made when it is first asked for, and once."""

from datetime import timedelta
from functools import cached_property
from typing import TypeAlias

from app.access.gate import Gate
from app.access.grants import GrantService
from app.access.requests import AccessRequestService
from app.access.walls import WallService
from app.auth.clearances import ClearanceService
from app.auth.integrations import IntegrationService
from app.auth.login import LoginService
from app.auth.password_rules import PasswordRules
from app.auth.service import AuthService
from app.auth.sessions import SessionService
from app.auth.throttle import Limit, Throttle
from app.auth.tokens import Tokens
from app.auth.users import UserService
from app.care.keepers import Keepers
from app.care.services import CareServices, make_care
from app.clients.completeness import ClientCompletenessService
from app.clients.consent_copies import ConsentCopyService
from app.clients.consents import ConsentService
from app.clients.intakes import IntakeService
from app.clients.merged_parties import MergedParties
from app.clients.merging import MergeFollower, MergeService
from app.clients.service import ClientService
from app.clients.verifications import VerificationService
from app.config import AuthSettings
from app.conflicts.services import ConflictServices, make_conflicts
from app.core.database import Database
from app.core.pagination import Cursors
from app.dossiers.changes import DossierChangeService
from app.dossiers.merged_clients import MergedClients
from app.dossiers.rules import RulesService
from app.dossiers.service import DossierService
from app.dossiers.templates import TemplateService
from app.engagements.changes import MandateChangeService
from app.engagements.completeness import EngagementGapService
from app.engagements.service import EngagementService
from app.entries.completeness import CompletenessService
from app.entries.contents_service import ContentsService
from app.entries.files import FileService
from app.entries.quarantine import QuarantineService
from app.entries.reviewing import Reviewing
from app.entries.scanning import ScanQueue
from app.entries.service import EntryService
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.factory.auth import make_outside_users, make_tokens
from app.factory.collection import CollectionServices, make_collection
from app.factory.filing import FilingServices, make_filing
from app.factory.resources import Resources
from app.ledger.prover import Prover
from app.redaction.services import RedactionServices, make_redaction
from app.reports.access_report import AccessReport
from app.reports.duties import DutyService
from app.reports.duty_gathered import GatheredDuties
from app.reports.event_log import EventLog
from app.reports.event_proofs import EventProofs
from app.reports.ledger import LedgerReading
from app.reports.papers import CopyPlace, Papers, make_papers
from app.reports.store_locks import StoreLocks
from app.rulebook.service import Rulebook
from app.storage.scans import ScanPolicy
from app.uploads.pieces import PieceStore
from app.uploads.service import UploadService

_Base: TypeAlias = tuple[Database, UnitOfWork, Recorder, Gate]


class Services:
    """Everything that can be done, whoever asks: HTTP, a command or a job."""

    def __init__(self, resources: Resources) -> None:
        self.resources = resources
        self._settings, self._database, self._recorder = resources.settings, resources.database, resources.recorder
        self._gate = Gate(self._recorder)
        self._uow = UnitOfWork(self._database, self._gate)
        self._cursors = Cursors(resources.keys.derive("cursors"))
        self._upload_limit = self._settings.storage.upload_max_bytes
        scan = self._settings.scan
        self._scans = ScanPolicy(scan.clamav_address is not None, scan.unscanned)
        self._password_rules = PasswordRules(self._settings.auth.password_min_length)

    @property
    def _base(self) -> _Base:
        """What nearly every service takes first."""
        return self._database, self._uow, self._recorder, self._gate

    @property
    def _followers(self) -> tuple[MergeFollower, ...]:
        """Who lets his part of a client follow a merge; all take the rows that they hold in this order."""
        return MergedClients(), MergedParties(), self.intakes, self.walls

    @cached_property
    def tokens(self) -> Tokens:
        return make_tokens(self.resources)

    @cached_property
    def auth(self) -> AuthService:
        seconds, outside = self._settings.auth.actor_cache_seconds, make_outside_users(self.resources, self._uow)
        return AuthService(self._database, self._recorder, self._gate, self.tokens, seconds, outside)

    @cached_property
    def logins(self) -> LoginService:
        throttle = make_throttle(self._settings.auth, self._database, self._recorder)
        return LoginService(self._database, self._uow, throttle, self._password_rules, self.sessions)

    @cached_property
    def sessions(self) -> SessionService:
        lifetime = timedelta(hours=self._settings.auth.session_hours)
        return SessionService(self._database, self._uow, self._recorder, self.tokens, self._cursors, lifetime)

    @cached_property
    def users(self) -> UserService:
        return UserService(*self._base, self._cursors, self._password_rules)

    @cached_property
    def clients(self) -> ClientService:
        return ClientService(*self._base, self._cursors)

    @cached_property
    def verifications(self) -> VerificationService:
        return VerificationService(*self._base, self.resources.store, self._upload_limit, self._scans)

    @cached_property
    def intakes(self) -> IntakeService:
        return IntakeService(*self._base, self.clients, self._cursors)

    @cached_property
    def merging(self) -> MergeService:
        return MergeService(*self._base, self._cursors, self._followers)

    @cached_property
    def client_completeness(self) -> ClientCompletenessService:
        return ClientCompletenessService(self._database, self._recorder, self._gate)

    @cached_property
    def consents(self) -> ConsentService:
        return ConsentService(*self._base)

    @cached_property
    def consent_copies(self) -> ConsentCopyService:
        return ConsentCopyService(*self._base, self.resources.store, self._upload_limit, self._scans)

    @cached_property
    def conflicts(self) -> ConflictServices:
        return make_conflicts(*self._base, self._cursors, self.resources.store, self._upload_limit, self._scans)

    @cached_property
    def dossiers(self) -> DossierService:
        return DossierService(*self._base, self.clients, self._cursors)

    @cached_property
    def dossier_changes(self) -> DossierChangeService:
        return DossierChangeService(*self._base, self.clients)

    @cached_property
    def rules(self) -> RulesService:
        return RulesService(*self._base)

    @cached_property
    def rulebook(self) -> Rulebook:
        return Rulebook(*self._base)

    @cached_property
    def templates(self) -> TemplateService:
        return TemplateService(*self._base, self._cursors)

    @cached_property
    def entries(self) -> EntryService:
        return EntryService(*self._base, self.dossiers, self._cursors)

    @cached_property
    def reviewing(self) -> Reviewing:
        return Reviewing.make(*self._base, self.dossiers, self._cursors)

    @cached_property
    def contents(self) -> ContentsService:
        return ContentsService(self._database, self._uow, self._recorder, self.dossiers)

    @cached_property
    def completeness(self) -> CompletenessService:
        return CompletenessService(self._database, self._recorder, self.dossiers)

    @cached_property
    def files(self) -> FileService:
        return FileService(
            *self._base, self.dossiers, self.entries, self.resources.store, self.resources.counter, self._upload_limit,
            self._scans,
        )  # fmt: skip

    @cached_property
    def scanning(self) -> ScanQueue | None:
        scanner, scan = self.resources.scanner, self._settings.scan
        if scanner is None:
            return None
        return ScanQueue(
            self._database, self._uow, self.resources.store, scanner, largest=scan.clamav_max_bytes,
            again_per_minute=scan.rescan_per_minute,
        )  # fmt: skip

    @cached_property
    def quarantine(self) -> QuarantineService:
        return QuarantineService(*self._base, self._cursors, self.resources.store)

    @cached_property
    def care(self) -> CareServices:
        keepers = (self.files.keeper, self.verifications.keeper, self.conflicts.consents.keeper)
        return make_care(self._settings, *self._base, self.resources.store, Keepers(keepers, passing=(self.uploads,)))

    @cached_property
    def uploads(self) -> UploadService:
        return UploadService(
            *self._base, self.files, PieceStore(self.resources.store),
            limit=self._upload_limit, hours=self._settings.storage.upload_hours,
        )  # fmt: skip

    @cached_property
    def collection(self) -> CollectionServices:
        return make_collection(
            self.resources, self._uow, self._gate, self.dossiers, self.entries, self.files, self._cursors
        )

    @cached_property
    def engagements(self) -> EngagementService:
        return EngagementService(*self._base, self.dossiers, self._cursors)

    @cached_property
    def mandate_changes(self) -> MandateChangeService:
        return MandateChangeService(*self._base, self.engagements, self._cursors)

    @cached_property
    def engagement_gaps(self) -> EngagementGapService:
        return EngagementGapService(self._database, self._recorder, self._gate, self.dossiers, self._cursors)

    @cached_property
    def filing(self) -> FilingServices:
        return make_filing(
            self.resources, self._uow, self._gate, self.dossiers, self.entries, self.contents, self.engagement_gaps
        )

    @cached_property
    def papers(self) -> Papers:
        return make_papers(
            self._database, self._recorder, self._gate, self.contents, self.dossiers,
            CopyPlace(
                self.resources.store, self._scans, self._settings.spool_dir, self._settings.storage.copy_max_bytes
            ),
        )  # fmt: skip

    @cached_property
    def events(self) -> EventLog:
        return EventLog(self._database, self._recorder, self._gate, self._cursors)

    @cached_property
    def event_proofs(self) -> EventProofs:
        return EventProofs(self._database, self._recorder, self._gate, self._prover)

    @cached_property
    def _prover(self) -> Prover:
        return Prover(self.resources.ledger)

    @cached_property
    def ledger(self) -> LedgerReading:
        return LedgerReading(
            self._database, self._recorder, self._gate, self.resources.ledger, self.resources.ledger_keys, self._prover
        )

    @cached_property
    def redaction(self) -> RedactionServices:
        return make_redaction(*self._base, self._cursors)

    @cached_property
    def _computed_duties(self) -> GatheredDuties:
        return GatheredDuties(self._database, self.engagement_gaps, self.client_completeness)

    @cached_property
    def duties(self) -> DutyService:
        return DutyService(self._database, self._recorder, self._gate, self._cursors, self._computed_duties)

    @cached_property
    def grants(self) -> GrantService:
        return GrantService(*self._base, self._cursors, self._settings.access.grant_max_days)

    @cached_property
    def access_requests(self) -> AccessRequestService:
        return AccessRequestService(*self._base, self._cursors, self.grants)

    @cached_property
    def walls(self) -> WallService:
        return WallService(*self._base, self._cursors)

    @cached_property
    def access_report(self) -> AccessReport:
        return AccessReport(self._database, self._recorder, self._gate)

    @cached_property
    def store_locks(self) -> StoreLocks:
        return StoreLocks(*self._base, self.resources.store.beneath)

    @cached_property
    def clearances(self) -> ClearanceService:
        return ClearanceService(*self._base)

    @cached_property
    def integrations(self) -> IntegrationService:
        return IntegrationService(*self._base)


def make_throttle(settings: AuthSettings, database: Database, recorder: Recorder) -> Throttle:
    """Make what keeps passwords from being guessed."""
    seconds = settings.login_pause_seconds
    return Throttle(
        database,
        recorder,
        name=Limit.of_name(settings.login_max_failures, seconds),
        address=Limit.of_address(settings.login_address_failures, seconds),
    )


def make_services(resources: Resources) -> Services:
    """Wire the services of a process, all at once, so that what can't be made shows at its start."""
    services = Services(resources)
    for name, made in vars(Services).items():
        if isinstance(made, cached_property):
            getattr(services, name)
    return services
