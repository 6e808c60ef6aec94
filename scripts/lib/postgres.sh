# shellcheck shell=bash
# Runs the tests of the API on PostgreSQL, except those that concern files. A new test runs on both
# stores unless it is named here. Used by scripts/test.

# Modules and tests, by the beginning of their names.
only_on_files=(
    # The data directory: its files, its disk, and the programs that write to it.
    disk:: access::private:: accounts::sessions::a_token_is_stored deletion::imported::
    deletion::marking::a_session_that_another_program_left points::refusals::points_do_not_overflow
    records::badges::a_child_has_its_awards
    records::details::a_task_can_have_an_icon records::details::a_flask_service
    records::details::a_row_that_cannot_be_read
    records::rewards::amounts_below_zero records::tasks::shared_tasks_and_rewards
    points::clock::a_row_far_ahead
    # They interrupt or fail writes to the files, or search all files for an account's data.
    deletion::canaries:: deletion::crashes:: deletion::kills:: deletion::runs::data_of_a_deleted
    protocol::hung_up:: protocol::request_ids:: protocol::timeouts::
    # The states and the metrics of the embedded store's files.
    protocol::errors::health_of points::clock::a_start_warns_of_rows_ahead
    records::lists::no_route_visits_more_records
    # The operation of a process: logs, metrics, signals, kills.
    operation:: schedules::kills::
    # Sign-ups and idempotency keys count by the clock of the database, which a test cannot move.
    points::changes::an_address_may_create points::clock::a_key_is_valid
    points::clock::an_idempotency_key_lives records::keys::a_key_lives
    # An account's id with U+0000, which no column can contain.
    access::names::an_id_that_is_a_path
    # These use PostgreSQL in every run.
    database:: servers::
    # They are slow: connections, headers, the time of a hash, and the deletion of many accounts.
    accounts::expensive_hashes:: browsers:: protocol::bombs:: protocol::compression::
    protocol::connections:: protocol::slow_clients:: streams::slow_readers::
    deletion::many::
)

test_on_postgres() {
    local skips=() name
    for name in "${only_on_files[@]}"; do skips+=(--skip "$name"); done
    GOLDSTAR_TEST_STORE=postgres cargo test --locked --no-fail-fast --test http -- "${skips[@]}"
}
