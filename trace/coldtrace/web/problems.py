"""Refusals as `application/problem+json` (RFC 9457): the only table from refusal to HTTP status.

`title` and `detail` are in the caller's language, `code` is stable, facts stand beside them.  Pages show the same
refusal as HTML.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from urllib.parse import quote

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from coldtrace.errors import Lang, Refusal
from coldtrace.web.accepted import is_accepted
from coldtrace.web.database_trouble import is_away, is_race
from coldtrace.web.invalid import invalid_request
from coldtrace.web.language import LANGUAGE_COOKIE, choose_language
from coldtrace.web.refusals import (
    CodeRefused,
    ConcurrentChange,
    InternalError,
    MalformedForm,
    MalformedJson,
    MethodNotAllowed,
    NotReady,
    PageNotFound,
    PurposeRequired,
    SignInRequired,
)

log = logging.getLogger("coldtrace.web")

HotRoute = Callable[[Request], Awaitable[Response]]
"""A route that is called with the request and nothing in between."""

UNREADABLE = 400
"""What cannot be read as what it claims to be: malformed codes, statements, papers, numbers."""

STATUS: dict[str, int] = {
    "authentication_required": 401,
    "sign_in_required": 401,
    "form_refused": 403,
    "erasure_unconfirmed": 422,
    "purpose_missing": 422,
    "demo_not_reset": 409,
    "insecure_sign_in": 403,
    "sign_in_refused": 403,
    "sign_in_code_wanted": 403,
    "link_refused": 404,
    "email_taken": 409,
    "weak_password": 422,
    "malformed_email": 422,
    "totp_refused": 422,
    "password_refused": 422,
    "token_refused": 401,
    "malformed_authorization": 401,
    "request_signature_refused": 401,
    "right_missing": 403,
    "not_your_import": 403,
    "unknown_device": 403,
    "device_revoked": 403,
    "bad_statement_signature": 403,
    "certificate_mismatch": 403,
    "other_network": 403,
    "invite_refused": 403,
    "invite_not_found": 404,
    "person_unknown": 404,
    "membership_unknown": 404,
    "token_unknown": 404,
    "organisation_unknown": 404,
    "grant_refused": 403,
    "right_unusable": 422,
    "last_administrator": 409,
    "no_second_step": 409,
    "own_second_step": 409,
    "device_ended": 409,
    "invite_life_unusable": 422,
    "operation_not_for_site": 422,
    "not_a_market": 422,
    "bad_request_signature": 403,
    "not_found": 404,
    "code_not_found": 404,
    "link_type_unknown": 404,
    "link_unknown": 404,
    "product_not_yours": 404,
    "link_href_unusable": 422,
    "too_many_links": 409,
    "webhook_unknown": 404,
    "webhook_message_unknown": 404,
    "webhook_url_unusable": 422,
    "webhook_event_unusable": 422,
    "too_many_webhooks": 409,
    "webhook_not_active": 409,
    "outside_tree": 404,
    "site_unknown": 404,
    "unit_unknown": 404,
    "story_too_big": 422,
    "voucher_unknown": 404,
    "ref_conflict": 409,
    "gateway_closed": 409,
    "gateway_type_refused": 422,
    "fact_malformed": 422,
    "gateway_field_reserved": 422,
    "not_logged": 404,
    "no_checkpoint": 404,
    "index_out_of_range": 404,
    "log_tiles_differ": 503,
    "no_tile": 404,
    "log_unknown": 404,
    "consignment_unknown": 404,
    "declaration_field_refused": 422,
    "declaration_reason_missing": 422,
    "paper_unknown": 404,
    "paper_file_unknown": 415,
    "paper_too_large": 413,
    "paper_field_refused": 422,
    "paper_differs": 409,
    "paper_replaced": 409,
    "own_paper": 403,
    "policy_refused": 422,
    "trial_unknown": 404,
    "run_unknown": 404,
    "roll_unknown": 404,
    "lot_unknown": 404,
    "device_not_found": 404,
    "no_labels": 404,
    "filter_unknown": 404,
    "quarantine_unknown": 404,
    "case_unknown": 404,
    "case_closed": 409,
    "case_taken": 409,
    "assignee_unfit": 409,
    "nothing_chosen": 422,
    "not_a_party_of_case": 422,
    "not_the_office": 403,
    "not_a_resolution": 422,
    "resolution_unrelated": 422,
    "explanation_unfit": 422,
    "proposal_unfit": 409,
    "complaint_unknown": 404,
    "receipt_unknown": 404,
    "complaint_not_there": 409,
    "respondent_missing": 422,
    "not_published": 409,
    "too_many_complaints": 429,
    "too_many_from_network": 429,
    "too_many_about_code": 429,
    "too_many_alike": 429,
    "too_many_unproven": 429,
    "photo_unreadable": 422,
    "photo_too_large": 413,
    "photos_busy": 503,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "not_yet_included": 409,
    "id_conflict": 409,
    "device_enrolled": 409,
    "site_differs": 409,
    "site_closed": 409,
    "organisation_closed": 409,
    "company_prefix_overlaps": 409,
    "declaration_imported": 409,
    "already_shipped": 409,
    "already_undone": 409,
    "ambiguous_code": 409,
    "in_circulation": 409,
    "label_bound": 409,
    "lot_ambiguous": 409,
    "roll_unfinished": 409,
    "run_unfinished": 409,
    "key_out_of_scope": 409,
    "sscc_spent": 409,
    "lot_not_recalled": 409,
    "recall_of_unknown_lot": 404,
    "concurrent_change": 409,
    "body_too_large": 413,
    "statement_too_large": 413,
    "leaf_too_large": 413,
    "leaf_too_long": 413,
    "too_many_items": 413,
    "workbook_too_large": 413,
    "wrong_content_type": 415,
    "invalid_request": 422,
    "workbook_errors": 422,
    "workbook_broken": 422,
    "workbook_empty": 422,
    "workbook_encrypted": 422,
    "workbook_macros": 422,
    "workbook_not_excel": 422,
    "workbook_old_format": 422,
    "paper_missing": 422,
    "roll_too_long": 422,
    "station_unknown": 422,
    "layout_not_released": 409,
    "label_character_missing": 422,
    "label_code_not_printable": 422,
    "label_not_decoded": 422,
    "label_not_decoded_small": 422,
    "label_quiet_zone": 422,
    "label_symbol_too_large": 422,
    "label_texts_disagree": 422,
    "code_not_issued": 404,
    "print_job_unknown": 404,
    "printer_unknown": 404,
    "print_job_busy": 409,
    "run_already_sent": 409,
    "too_many_reprints": 413,
    "label_code_not_verified": 422,
    "label_layout_not_for_printer": 422,
    "label_position_unknown": 422,
    "reprint_reason_missing": 422,
    "label_code_voided": 422,
    "label_of_another_run": 422,
    "count_not_confirmed": 422,
    "too_many_requests": 429,
    "code_quota_spent": 429,
    "internal_error": 500,
    "key_file_exposed": 503,
    "key_file_unencrypted": 503,
    "key_missing": 503,
    "mint_worker_lost": 503,
    "label_worker_lost": 503,
    "printer_stopped": 503,
    "labels_busy": 503,
    "malformed_schemes": 503,
    "label_font_missing": 503,
    "log_not_open": 503,
    "no_code_key": 503,
    "key_not_listed": 503,
    "no_trust_list": 503,
    "not_installed": 503,
    "busy": 503,
    "pages_busy": 503,
    "streams_taken": 503,
    "not_ready": 503,
    "roots_offline": 503,
    "unreadable_key_file": 503,
}
"""Every other refusal is UNREADABLE; a test keeps this table to codes that exist."""

CODE_STATUS: dict[str, int] = {
    "malformed_uri": 400,
    "unsigned": 400,
    "malformed_token": 400,
    "unsupported_version": 400,
    "not_registered": 404,
}
"""Statuses of refused codes by verdict; all others are 403."""


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status of a refusal."""
    if isinstance(refusal, CodeRefused):
        return CODE_STATUS.get(refusal.verdict, 403)
    return STATUS.get(refusal.code, UNREADABLE)


def code_of(refusal: Refusal) -> str:
    """Return the stable code of a refusal; for a scanned code the verdict word."""
    return refusal.verdict if isinstance(refusal, CodeRefused) else refusal.code


def language_of(request: Request) -> Lang:
    """Return the caller's language."""
    return choose_language(
        query=request.query_params.get("lang"),
        cookie=request.cookies.get(LANGUAGE_COOKIE),
        accept=request.headers.get("accept-language"),
    )


_MEMBERS = frozenset({"type", "title", "status", "detail", "instance", "code"})


def problem(refusal: Refusal, lang: Lang) -> dict[str, object]:
    """Return a refusal as a problem object."""
    return {
        "type": f"urn:coldtrace:problem:{code_of(refusal)}",
        "title": refusal.title.say(lang),
        "status": status_of(refusal),
        "detail": refusal.say(lang),
        "code": code_of(refusal),
        **{name: value for name, value in refusal.facts.items() if name not in _MEMBERS},
    }


def wants_page(request: Request) -> bool:
    """Tell whether a person with a browser asked, not a program."""
    path = request.url.path
    if path.startswith(("/api/", "/logs/", "/healthz", "/readyz", "/metrics")):
        return False
    return is_accepted(request.headers.get("accept", ""), "text/html")


def answer(request: Request, refusal: Refusal, more: Mapping[str, str] | None = None) -> Response:
    """Return a refusal as the caller can read it, with `more` headers."""
    lang = language_of(request)
    headers = {
        "Vary": "Accept, Accept-Language, Cookie",
        "Cache-Control": "no-store",
        "Content-Language": lang,
        **(more or {}),
    }
    status = status_of(refusal)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="coldtrace", CTDevice'
    if "retry_s" in refusal.facts:
        headers["Retry-After"] = str(refusal.facts["retry_s"])
    if isinstance(refusal, SignInRequired) and wants_page(request):
        return RedirectResponse(f"/sign-in?next={quote(str(refusal.facts['next']), safe='')}", 303, headers)
    if isinstance(refusal, PurposeRequired) and wants_page(request):
        query = f"?{request.url.query}" if request.url.query else ""
        next = quote(request.url.path + query if request.method in ("GET", "HEAD") else "/desk", safe="")
        return RedirectResponse(f"/desk/purpose?next={next}", 303, headers)
    if wants_page(request):
        return HTMLResponse(request.app.state.error_page(request, refusal, status, lang), status, headers)
    return JSONResponse(problem(refusal, lang), status, headers, media_type="application/problem+json")


def answer_crash(request: Request, error: Exception) -> Response:
    """Log a bug under the request's id, and tell the caller nothing but that id."""
    request_id = str(request.scope.get("coldtrace.request_id", "-"))
    log.error("request %s failed", request_id, exc_info=error)
    return answer(request, InternalError(request_id=request_id))


def install(app: FastAPI) -> None:
    """Answer every refusal, and every framework error, as a problem.  Bugs are answered by the door."""

    @app.exception_handler(Refusal)
    async def _refusal(request: Request, error: Refusal) -> Response:
        return answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        return answer(request, invalid_request(error, language_of(request), request.headers.get("content-type", "")))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            refusal: Refusal = MethodNotAllowed(path=request.url.path, method=request.method)
        elif error.status_code == 404:
            refusal = PageNotFound(path=request.url.path)
        elif error.status_code == 400:
            # Only the framework's readers of bodies speak of 400.
            is_form = "multipart" in request.headers.get("content-type", "")
            refusal = MalformedForm() if is_form else MalformedJson(line=1)
        else:
            raise error
        return answer(request, refusal, error.headers)

    @app.exception_handler(SQLAlchemyError)
    @app.exception_handler(psycopg.Error)
    async def _database(request: Request, error: Exception) -> Response:
        return answer_fault(request, error)


Answer = TypeVar("Answer", Response, Response | None)


async def answered(route: Callable[[Request], Awaitable[Answer]], request: Request) -> Answer | Response:
    """Return what a route answers around which no framework stands, its refusals as problems like all others."""
    try:
        return await route(request)
    except Refusal as refusal:
        return answer(request, refusal)
    except (SQLAlchemyError, psycopg.Error) as error:
        return answer_fault(request, error)


def answer_fault(request: Request, error: Exception) -> Response:
    """Return what a fault of the database means for the caller; raise it when it is a bug of ours."""
    if is_race(error):
        return answer(request, ConcurrentChange())
    if is_away(error):
        log.error("database does not answer: %s", error)
        return answer(request, NotReady())
    raise error
