"""The table from refusal to status: every refusal of ours has its place in it, chosen and not forgotten."""

from fastapi.exceptions import RequestValidationError

from coldtrace.errors import Words
from coldtrace.verify.code import Verdict
from coldtrace.web.invalid import _WORDS, invalid_request
from coldtrace.web.problems import CODE_STATUS, STATUS, UNREADABLE, problem, status_of
from coldtrace.web.refusals import BodyTooLarge, CodeRefused, TooManyRequests
from support.source_tree import placeholders, refusals

UNREADABLE_CODES = {
    "code_unread", "codes_missing",
    # What a caller sent cannot be read as what it claims to be.
    "malformed_json", "malformed_form", "malformed_purpose",
    "malformed_base64", "malformed_certificate", "malformed_code", "malformed_district",
    "malformed_elements", "malformed_enrolment_request",
    "malformed_facts", "malformed_invite", "malformed_key", "malformed_number", "malformed_short_code",
    "malformed_statement", "malformed_token", "malformed_unit_id", "malformed_uri",
    "not_canonical", "hash_mismatch", "unsupported_algorithm", "unsupported_version", "restricted_number",
    "unknown_code", "unknown_command", "unsigned", "malformed_numbers",
    # Numbers of papers: single cells of a workbook, told in its list of errors, or a query.
    "container_check_digit", "container_form", "container_incomplete", "declaration_export", "declaration_form",
    "declaration_import", "hs_code_form", "overseas_registration_form", "paper_number_malformed", "port_unknown",
    "quarantine_certificate_form", "uscc_character", "uscc_check_character", "uscc_length",
    # Parameters that the framework's own check lets through.
    "label_one_per_file", "unknown_label_format", "unknown_label_layout",
    # Two sizes the wrong way round.
    "old_above_new",
    # What every export needs, and this one had not.
    "purpose_required",
}  # fmt: skip
"""Deliberately 400."""

NOT_OF_A_ROUTE = {
    # The base classes.
    "database_unusable", "label_refused", "workbook_refused", "refused_code",
    # What commands say about keys and roots, and what waits for a person.
    "passphrase_missing", "public_test_key",
    "passphrase_unusable", "signing_key_unknown", "signing_key_revoked", "not_a_first_station",
    "key_window_unusable", "malformed_scope", "signed_list_stale", "root_change_without_list", "root_name_needed",
    "malformed_root_argument", "code_key_ends", "trust_list_ends", "key_changes_unpublished",
    "door_name_unusable", "output_name_misleads", "roots_have_to_sign", "threshold_unreachable",
    # What is said of one code among many that are bound; the call itself is answered.
    "bind_not_permitted", "code_voided", "gtin_differs", "not_on_roll", "other_station",
    "roll_over",
    # Thefts, filters and prefixes: said by commands, or by whoever holds the file.
    "stolen_at_later", "malformed_filter", "untrusted_filter", "malformed_company_prefix",
    # Range certificates, opened by those who hold them; what a command was not told.
    "malformed_roll_certificate", "roll_certificate_refused", "nothing_named",
    # Before a server runs: settings, keys, database.
    "setting_invalid", "development_only", "other_installation", "port_taken", "key_file_exists",
    "data_folder_in_use", "data_folder_unusable", "data_from_other_version", "database_binaries_missing",
    "database_did_not_start", "database_is_newer", "database_not_durable", "database_too_old", "database_unreachable",
    "database_url_invalid", "disk_full", "namespaces_refused",
    # The command line and the demo.
    "demo_failed", "file_unreadable", "file_unwritable", "keys_exist", "not_confirmed", "nothing_to_do",
    "rebuild_only_checks",
    "no_installation", "server_parts_missing", "database_lost", "label_folder_in_use", "print_interrupted",
    "database_roles_missing", "log_name_unusable", "database_roles_exceed", "log_exists",
    "folder_busy", "field_kept", "nothing_to_erase",
    # What keeps the log from signing or publishing: shown by /readyz, never an answer by itself.
    "log_behind_its_checkpoint", "log_differs_from_its_checkpoint", "outside_checkpoint_unreadable",
    "log_head_damaged", "log_head_went_back", "log_signing_failed",
    "witnesses_silent", "witness_doubts_growth",
    "pending_overdue", "publication_overdue", "published_differs", "witness_quorum_missing",
    # Of auditors and witnesses, who run programs of their own; the witness has a door of its own too.
    "audit_broke",
    "audit_database", "audit_key_needed", "audit_no_such_log", "audit_saved_unreadable", "audit_since_unknown",
    "audit_source_unreachable", "audit_worker_lost", "listen_invalid", "malformed_add_checkpoint",
    "malformed_witness_policy",
    "witness_bad_name", "witness_growth_not_proved", "witness_key_exists", "witness_method", "witness_no_key",
    "witness_not_a_log_key", "witness_not_signed_by_log", "witness_nothing_cosigned", "witness_old_above_size",
    "witness_request_too_large", "witness_request_too_slow", "witness_root_conflict", "witness_size_conflict",
    "witness_log_unreachable", "witness_store_behind", "witness_store_lost", "witness_url_invalid",
    "witness_start_refused", "witness_store_unavailable", "witness_unknown_log",
    # Verdicts on codes, which routes answer as `CodeRefused` with the verdict's own status.
    "alg_mismatch", "bad_signature", "recalled_lot", "revoked", "revoked_unit", "unknown_key", "untrusted_host",
    # Checks of bundles, receipts, lists, notes and proofs: made by those who hold them.
    "bad_certificate_signature", "clashing_kids", "key_used_twice", "malformed_bundle", "malformed_checkpoint",
    "malformed_entry_bundle", "malformed_frontier", "malformed_note", "malformed_proof", "malformed_receipt",
    "malformed_root", "malformed_tile_path", "malformed_trust_list", "malformed_vkey", "proof_refused",
    "quorum_missed", "receipt_mismatch", "root_change_refused", "trust_list_rolled_back", "untrusted_note",
    "untrusted_trust_list", "wrong_root_signer",
}  # fmt: skip
"""No caller of a route meets these."""


def codes() -> set[str]:
    return {kind.code for kind in refusals() if "code" in vars(kind) and kind.__module__.startswith("coldtrace.")}


def test_every_code_of_the_table_exists() -> None:
    assert set(STATUS) - codes() == set()


def test_every_refusal_has_a_place() -> None:
    placed = set(STATUS) | UNREADABLE_CODES | NOT_OF_A_ROUTE
    assert codes() - placed == set(), "choose a status in web/problems.py, or list it above"


def test_every_list_names_only_what_exists_and_none_twice() -> None:
    assert (UNREADABLE_CODES | NOT_OF_A_ROUTE) - codes() == set()
    assert set() == UNREADABLE_CODES & NOT_OF_A_ROUTE
    assert set(STATUS) & (UNREADABLE_CODES | NOT_OF_A_ROUTE) == set()


def test_statuses_are_refusals() -> None:
    assert UNREADABLE == 400
    assert all(400 < status < 600 for status in STATUS.values())
    assert {code for code, status in STATUS.items() if status >= 500} == {
        "busy", "internal_error", "key_file_exposed", "key_file_unencrypted", "key_missing", "label_font_missing",
        "label_worker_lost", "labels_busy", "no_code_key", "no_trust_list", "not_installed", "not_ready",
        "pages_busy", "photos_busy", "printer_stopped", "roots_offline", "streams_taken", "unreadable_key_file",
        "key_not_listed", "log_not_open", "log_tiles_differ", "malformed_schemes", "mint_worker_lost",
    }  # fmt: skip


def test_every_verdict_has_a_status() -> None:
    for verdict in set(Verdict) - {Verdict.VALID}:
        assert status_of(CodeRefused(verdict=verdict)) in (400, 403)
    assert set(CODE_STATUS) - {"not_registered"} <= {verdict.value for verdict in Verdict}
    assert status_of(CodeRefused(verdict="not_registered")) == 404


def test_a_problem_has_the_members_of_the_standard_and_the_facts() -> None:
    found = problem(TooManyRequests(limit=60, retry_s=7), "en")
    assert found == {
        "type": "urn:coldtrace:problem:too_many_requests",
        "title": "Too many requests",
        "status": 429,
        "detail": "At most 60 requests a minute without a token. Try again in 7 s.",
        "code": "too_many_requests",
        "limit": 60,
        "retry_s": 7,
    }
    assert problem(BodyTooLarge(limit=1), "zh")["title"] == "内容过大"


def test_facts_never_hide_the_members_of_the_standard() -> None:
    facts = {"limit": 1, "type": "x", "title": "x", "status": 1, "detail": "x", "instance": "x", "code": "x"}
    found = problem(BodyTooLarge(**facts), "en")
    assert (found["code"], found["status"], found["limit"]) == ("body_too_large", 413, 1)
    assert found["type"] == "urn:coldtrace:problem:body_too_large"
    assert "instance" not in found


def test_every_word_about_a_parameter_speaks_both_languages() -> None:
    for words in _WORDS.values():
        assert isinstance(words, Words)
        assert placeholders(words.zh) == placeholders(words.en)
        assert not words.zh.isascii()
        assert words.en.isascii()


def test_a_fault_that_nobody_thought_of_is_still_told() -> None:
    error = RequestValidationError(
        [{"type": "no_such_type", "loc": ("query", "x"), "msg": "?", "ctx": {"e": ValueError()}}]
    )
    assert "值不符合要求" in invalid_request(error, "zh", "").say("zh")
