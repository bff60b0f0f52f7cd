/**
 * Every coded error of the gateway, in one table: its HTTP status, whether trying again can help, and what the one who
 * meets it can do. The API's problem documents carry `code`, `title` and `mend` from here.
 */
export const ERRORS = {
  bad_request: {
    status: 400,
    retry: false,
    title: 'The request is not of the expected form',
    mend: 'Compare it with /api/docs.',
  },
  bad_json: {
    status: 400,
    retry: false,
    title: 'The body is not valid JSON',
    mend: 'Send valid JSON with Content-Type: application/json.',
  },
  bad_cursor: {
    status: 400,
    retry: false,
    title: 'The cursor is not one that this list gave',
    mend: 'Take `next` of the page before, or leave the cursor out.',
  },
  not_signed_in: {
    status: 401,
    retry: false,
    title: 'Sign in first',
    mend: 'Send Authorization: Bearer <token>, or sign in at /; commands take the token from WAYSIDE_ADMIN_TOKEN.',
  },
  bad_credentials: {
    status: 401,
    retry: false,
    title: 'Name or password is wrong',
    mend: 'The first password is in the data directory, in the file admin-password.',
  },
  forged_token: {
    status: 401,
    retry: false,
    title: 'The token is not one that this gateway made',
    mend: 'Use the token that came with the notification.',
  },
  bad_invitation: {
    status: 401,
    retry: false,
    title: 'The link is unknown, used up or out of date',
    mend: 'Ask for a new link.',
  },
  bad_passkey: {
    status: 401,
    retry: false,
    title: 'The passkey does not let you in',
    mend: 'Try again, or sign in another way.',
  },
  bad_fleet_key: {
    status: 401,
    retry: false,
    title: 'The fleet key does not let this device in',
    mend: 'Check the key, its end, and what the ids of its devices begin with.',
  },
  bad_device_token: {
    status: 401,
    retry: false,
    title: 'The token is not one of a device',
    mend: 'Send Authorization: Bearer <token of the device>.',
  },
  forbidden: { status: 403, retry: false, title: 'Your role does not allow this', mend: 'Ask an admin.' },
  foreign_origin: {
    status: 403,
    retry: false,
    title: 'A page of another origin may not use this session',
    mend: 'Use the pages of this gateway, a bearer token, or set WAYSIDE_PUBLIC_URL to where browsers reach it.',
  },
  not_found: {
    status: 404,
    retry: false,
    title: 'There is nothing here by that name',
    mend: 'Check the id; names are case-sensitive.',
  },
  method_not_allowed: {
    status: 405,
    retry: false,
    title: 'That address does not take that method',
    mend: 'The header Allow has the methods that it takes.',
  },
  request_timeout: {
    status: 408,
    retry: true,
    title: 'The request took too long to come in',
    mend: 'Send it again, faster.',
  },
  bad_alias: {
    status: 400,
    retry: false,
    title: 'That is no name of a device in any dialect',
    mend: 'Write it as its topics begin, such as owntracks/alice/phone or spBv1.0/plant/node-7.',
  },
  too_many_aliases: {
    status: 409,
    retry: false,
    title: 'There are as many aliases as are allowed',
    mend: 'Take one back that is not used any more.',
  },
  already_exists: { status: 409, retry: false, title: 'That id is taken', mend: 'Choose another id.' },
  unknown_code: {
    status: 404,
    retry: false,
    title: 'There is no such code',
    mend: 'Type it as it stands on the offer; capitals matter.',
  },
  already_redeemed: {
    status: 409,
    retry: false,
    title: 'The code was redeemed before',
    mend: 'A code is good for one time; do not give the discount again.',
  },
  offer_over: {
    status: 410,
    retry: false,
    title: 'The offer is over',
    mend: 'It had ended before the code was handed in.',
  },
  already_claimed: {
    status: 409,
    retry: false,
    title: 'The device has an owner',
    mend: 'The owner gives it up on the consumer page, or a device manager unlinks it.',
  },
  fleet_key_used_up: {
    status: 409,
    retry: false,
    title: 'As many devices as it allows came in with the fleet key',
    mend: 'Make another fleet key.',
  },
  config_conflict: {
    status: 409,
    retry: false,
    title: 'The configuration has a newer version',
    mend: 'Read it again, and send a version above the present one, or none.',
  },
  type_in_use: {
    status: 409,
    retry: false,
    title: 'The device type is in use',
    mend: 'See `detail` and `problems` for what uses it; change that first.',
  },
  in_use: {
    status: 409,
    retry: false,
    title: 'Something that is live uses it',
    mend: 'See `detail` and `problems` for what does; change or pause that first.',
  },
  too_many: {
    status: 409,
    retry: false,
    title: 'There are as many as are allowed',
    mend: 'Delete some that are not used any more.',
  },
  policy_changed: {
    status: 409,
    retry: false,
    title: 'The consent policy has changed meanwhile',
    mend: 'Show the present wording, and ask again.',
  },
  wrong_state: {
    status: 409,
    retry: false,
    title: 'That does not go from the present state',
    mend: 'See `detail` for what does.',
  },
  rule_changed: {
    status: 409,
    retry: false,
    title: 'A rule was changed by somebody else meanwhile',
    mend: 'Look at what would change now, and apply anew.',
  },
  partly_taken: {
    status: 409,
    retry: false,
    title: 'The rest of the message was stored when it came',
    mend: 'Have the device send what is missing again.',
  },
  backup_running: {
    status: 409,
    retry: true,
    title: 'A backup is being made',
    mend: 'Wait until it is done: GET /api/v1/backups tells how far it is.',
  },
  config_changed: {
    status: 412,
    retry: false,
    title: 'The configuration is not of the version that If-Match names',
    mend: 'Read it again, and send its ETag as If-Match.',
  },
  rule_mismatch: {
    status: 412,
    retry: false,
    title: 'The rule is not of the version that the request is meant for',
    mend: 'Read it again, and send its ETag as If-Match.',
  },
  payload_too_large: {
    status: 413,
    retry: false,
    title: 'The body is too large',
    mend: 'Send it in smaller parts.',
  },
  unsupported_media_type: {
    status: 415,
    retry: false,
    title: 'That content type is not understood',
    mend: 'Send application/json, or application/yaml for rules.',
  },
  invalid_document: {
    status: 422,
    retry: false,
    title: 'The document has problems',
    mend: 'See `problems`: each has its path, what was found and what is allowed.',
  },
  sensitive_zone: {
    status: 422,
    retry: false,
    title: 'The place overlaps a sensitive zone',
    mend: 'Move or shrink the place: nobody is followed within the zone and its margin, so it would never fire there.',
  },
  bad_claim_code: {
    status: 422,
    retry: false,
    title: 'The code is unknown, used up or out of date',
    mend: 'Check the code, or have the device or the operator make a new one.',
  },
  payload_incomplete: {
    status: 422,
    retry: false,
    title: 'Only the beginning of the payload was kept',
    mend: 'Have the device send it again, in smaller messages.',
  },
  unknown_consumer: {
    status: 422,
    retry: false,
    title: 'There is no such consumer',
    mend: 'Create the consumer first.',
  },
  unknown_webhook: {
    status: 422,
    retry: false,
    title: 'There is no such webhook',
    mend: 'Make it first: PUT /api/v1/webhooks/{id}.',
  },
  unknown_device_type: {
    status: 422,
    retry: false,
    title: 'There is no such device type',
    mend: 'See GET /api/v1/device-types.',
  },
  push_host_not_allowed: {
    status: 422,
    retry: false,
    title: 'The push endpoint is not one that this gateway sends to',
    mend: 'Use an https endpoint of a known push service, or name its origin in WAYSIDE_PUSH_HOSTS.',
  },
  address_not_allowed: {
    status: 422,
    retry: false,
    title: 'Offers may not be sent to that address',
    mend: 'Use an https address of the public internet, or add its origin to WAYSIDE_PUSH_HOSTS.',
  },
  unknown_push_key: {
    status: 422,
    retry: false,
    title: 'The browser subscribed with a key that is not used any more',
    mend: 'Subscribe anew, with the key of GET /api/v1/push-key.',
  },
  headers_too_large: {
    status: 431,
    retry: false,
    title: 'Address and headers are too large',
    mend: 'Send fewer or shorter headers.',
  },
  too_many_commands: {
    status: 429,
    retry: true,
    title: 'Too many commands wait for the device',
    mend: 'Wait until it comes back, or give commands an earlier expiry.',
  },
  too_many_backtests: {
    status: 429,
    retry: true,
    title: 'Too many backtests run or wait',
    mend: 'Wait until one has ended, or cancel one: DELETE /api/v1/backtests/{id}.',
  },
  too_many_exports: {
    status: 429,
    retry: true,
    title: 'Too many exports are under way',
    mend: 'Try again when one of them has ended.',
  },
  too_many_requests: {
    status: 429,
    retry: true,
    title: 'Too many requests',
    mend: 'Wait as long as Retry-After says.',
  },
  internal: {
    status: 500,
    retry: true,
    title: 'Something went wrong here',
    mend: 'The log has it under the same request id.',
  },
  telemetry_unavailable: {
    status: 503,
    retry: true,
    title: 'The telemetry store does not answer',
    mend: 'See /readyz. What devices say is kept in the journal meanwhile.',
  },
  no_mail: {
    status: 503,
    retry: false,
    title: 'No e-mail goes out from here',
    mend: 'The operator sets WAYSIDE_SMTP_URL and WAYSIDE_MAIL_FROM.',
  },
  no_passkeys: {
    status: 503,
    retry: false,
    title: 'Browsers make no passkeys for this address',
    mend: 'The operator sets WAYSIDE_PUBLIC_URL to an https address with a name; localhost does too.',
  },
  stopping: { status: 503, retry: true, title: 'The gateway is stopping', mend: 'Try again in a moment.' },
  journal_unwritable: {
    status: 503,
    retry: true,
    title: 'The journal could not be written',
    mend: 'Check space and permissions of the data directory.',
  },
  journal_full: {
    status: 503,
    retry: true,
    title: 'The journal has reached its bound',
    mend: 'Bring back what does not take readings (see /readyz), or raise WAYSIDE_JOURNAL_MAX_BYTES.',
  },
  log_in_use: {
    status: 503,
    retry: true,
    title: 'A file of the data directory is being read for long',
    mend: 'It is tried again by itself. Let no tool stay in the files of the data directory.',
  },
  disk_full: {
    status: 503,
    retry: true,
    title: 'The disk of the data directory is full',
    mend: 'Free space on it. A gateway that runs goes on by itself; one that could not start is to be started again.',
  },
  bad_settings: {
    status: 500,
    retry: false,
    title: 'Settings have problems',
    mend: 'Mend what is listed; README.md has every setting.',
  },
  data_dir_unwritable: {
    status: 500,
    retry: false,
    title: 'The data directory cannot be written',
    mend: 'Give this user write permission, or set WAYSIDE_DATA_DIR to a directory that has it.',
  },
  data_dir_in_use: {
    status: 500,
    retry: false,
    title: 'Another gateway uses this data directory',
    mend: 'Stop it, or set WAYSIDE_DATA_DIR to another directory.',
  },
  data_dir_damaged: {
    status: 500,
    retry: false,
    title: 'A file in the data directory cannot be read',
    mend: 'Restore it from a backup, or move it away to start afresh.',
  },
  data_dir_newer: {
    status: 500,
    retry: false,
    title: 'The data directory was used by a newer version of Wayside',
    mend: 'Run that version or a later one, or set WAYSIDE_DATA_DIR to another directory.',
  },
  data_dir_not_empty: {
    status: 500,
    retry: false,
    title: 'The data directory holds data',
    mend: 'Restore into another one (--data-dir), or have what is in it deleted by --replace.',
  },
  path_unusable: {
    status: 500,
    retry: false,
    title: 'A path cannot be used',
    mend: 'Mend what is said of it, such as its permissions, or name another.',
  },
  backup_exists: {
    status: 500,
    retry: false,
    title: 'There is something by the name of the backup',
    mend: 'Name a path that does not exist.',
  },
  backup_damaged: {
    status: 500,
    retry: false,
    title: 'The backup is damaged or incomplete',
    mend: 'Nothing was changed. Restore another backup, or another copy of this one.',
  },
  backup_newer: {
    status: 500,
    retry: false,
    title: 'The backup was made by a newer version of Wayside',
    mend: 'Restore it with that version or a later one.',
  },
  backup_foreign: {
    status: 500,
    retry: false,
    title: 'The data directory belongs to another gateway than the backup',
    mend: 'Restore into an empty directory: --data-dir.',
  },
  port_in_use: {
    status: 500,
    retry: false,
    title: 'A port is taken',
    mend: 'Stop what uses it, or choose another port (0 takes a free one).',
  },
} as const satisfies Record<string, { status: number; retry: boolean; title: string; mend: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** One thing wrong with a document or with the settings. */
export interface Problem {
  /** Where, as a path: `/trigger/place/id`, or the name of a setting. */
  readonly path: string;
  /** What was found, what is allowed, and the nearest name where one is near. */
  readonly message: string;
}

/** An error that is in the table; `detail` says what was wrong this time, and holds no secret and no position. */
export class WaysideError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly problems: readonly Problem[];

  constructor(
    code: ErrorCode,
    detail: string,
    options: { cause?: unknown; problems?: readonly Problem[] } = {},
  ) {
    super(
      `${ERRORS[code].title}: ${detail}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'WaysideError';
    this.code = code;
    this.detail = detail;
    this.problems = options.problems ?? [];
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  /** Whether the same call may go through later. */
  get retry(): boolean {
    return ERRORS[this.code].retry;
  }
}
