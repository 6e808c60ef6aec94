/**
 * The records of Goldstar's API. Tests compare each type with the server's own description,
 * `docs/openapi.json`.
 *
 * A time is a text in UTC with six digits after the second, `2026-02-09T18:42:15.123456Z`; a `Date`
 * keeps three of them. A record of an older data directory may have further fields, which Goldstar
 * returns as they are.
 */
/** What a tracking event is about. A penalty is a task that deducts points. */
export const EntityType = {
    Task: "task",
    Reward: "reward",
    Penalty: "penalty",
};
/** What was done: tasks and penalties are activated; rewards are requested, redeemed or cancelled. */
export const Action = {
    Activated: "activated",
    Requested: "requested",
    Redeemed: "redeemed",
    Cancelled: "cancelled",
};
