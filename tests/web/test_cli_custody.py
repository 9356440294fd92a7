"""`coldtrace custody rebuild --check`: what an operator sees of a record that is right, and of one that is not."""

from sqlalchemy import text

from coldtrace.cli.installation import open_installation
from coldtrace.custody import service as custody
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.parties.service import find_site
from coldtrace.settings import load_settings
from support.command_line import Run
from support.house import GLNS, Handheld, unit_line

UNIT = "(00)395212340000000014"
