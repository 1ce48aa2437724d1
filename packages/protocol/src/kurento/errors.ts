// The errors of the Kurento Protocol as they travel: `error.code`, and `error.data.type` where the original sends one.
// Serves both ends; which situation gets which error is decided by the media server.

interface KurentoErrorKind {
  readonly code: number;
  /** Sent as `error.data.type`; undefined: the error travels without `data`. */
  readonly type: string | undefined;
}

const named = <Name extends string>(code: number, type: Name) => ({ code, type });

/** Names as in the original's sources; the codes below zero are JSON-RPC's own (section 5.1). */
export const KURENTO_ERRORS = {
  PARSE_ERROR: named(-32700, 'PARSE_ERROR'),
  INVALID_REQUEST: { code: -32600, type: undefined },
  METHOD_NOT_FOUND: { code: -32601, type: undefined },
  INVALID_PARAMS: named(-32602, 'INVALID_PARAMS'),
  INTERNAL_ERROR: { code: -32603, type: undefined },
  /** A field of the protocol itself (`object`, `type`, …) is missing or has the wrong type. */
  PROTOCOL_FIELD_ERROR: { code: -32000, type: undefined },

  MARSHALL_ERROR: named(40001, 'MARSHALL_ERROR'),
  UNEXPECTED_ERROR: named(40003, 'UNEXPECTED_ERROR'),
  CONNECT_ERROR: named(40004, 'CONNECT_ERROR'),
  UNSUPPORTED_MEDIA_TYPE: named(40005, 'UNSUPPORTED_MEDIA_TYPE'),
  NOT_IMPLEMENTED: named(40006, 'NOT_IMPLEMENTED'),
  INVALID_SESSION: named(40007, 'INVALID_SESSION'),
  MALFORMED_TRANSACTION: named(40008, 'MALFORMED_TRANSACTION'),
  NOT_ENOUGH_RESOURCES: named(40009, 'NOT_ENOUGH_RESOURCES'),

  MEDIA_OBJECT_TYPE_NOT_FOUND: named(40100, 'MEDIA_OBJECT_TYPE_NOT_FOUND'),
  MEDIA_OBJECT_NOT_FOUND: named(40101, 'MEDIA_OBJECT_NOT_FOUND'),
  MEDIA_OBJECT_CONSTRUCTOR_NOT_FOUND: named(40104, 'MEDIA_OBJECT_CONSTRUCTOR_NOT_FOUND'),
  MEDIA_OBJECT_METHOD_NOT_FOUND: named(40105, 'MEDIA_OBJECT_METHOD_NOT_FOUND'),
  MEDIA_OBJECT_EVENT_NOT_SUPPORTED: named(40106, 'MEDIA_OBJECT_EVENT_NOT_SUPPORTED'),
  MEDIA_OBJECT_ILLEGAL_PARAM_ERROR: named(40107, 'MEDIA_OBJECT_ILLEGAL_PARAM_ERROR'),
  MEDIA_OBJECT_NOT_AVAILABLE: named(40108, 'MEDIA_OBJECT_NOT_AVAILABLE'),
  MEDIA_OBJECT_NOT_FOUND_TRANSACTION_NO_COMMIT: named(40109, 'MEDIA_OBJECT_NOT_FOUND_TRANSACTION_NO_COMMIT'),
  MEDIA_OBJECT_TAG_KEY_NOT_FOUND: named(40110, 'MEDIA_OBJECT_TAG_KEY_NOT_FOUND'),
  MEDIA_OBJECT_OPERATION_NOT_SUPPORTED: named(40111, 'MEDIA_OBJECT_OPERATION_NOT_SUPPORTED'),

  SDP_CREATE_ERROR: named(40200, 'SDP_CREATE_ERROR'),
  SDP_PARSE_ERROR: named(40201, 'SDP_PARSE_ERROR'),
  SDP_END_POINT_NO_LOCAL_SDP_ERROR: named(40202, 'SDP_END_POINT_NO_LOCAL_SDP_ERROR'),
  SDP_END_POINT_NO_REMOTE_SDP_ERROR: named(40203, 'SDP_END_POINT_NO_REMOTE_SDP_ERROR'),
  SDP_END_POINT_GENERATE_OFFER_ERROR: named(40204, 'SDP_END_POINT_GENERATE_OFFER_ERROR'),
  SDP_END_POINT_PROCESS_OFFER_ERROR: named(40205, 'SDP_END_POINT_PROCESS_OFFER_ERROR'),
  SDP_END_POINT_PROCESS_ANSWER_ERROR: named(40206, 'SDP_END_POINT_PROCESS_ANSWER_ERROR'),
  SDP_CONFIGURATION_ERROR: named(40207, 'SDP_CONFIGURATION_ERROR'),
  SDP_END_POINT_ALREADY_NEGOTIATED: named(40208, 'SDP_END_POINT_ALREADY_NEGOTIATED'),
  SDP_END_POINT_NOT_OFFER_GENERATED: named(40209, 'SDP_END_POINT_NOT_OFFER_GENERATED'),
  SDP_END_POINT_ANSWER_ALREADY_PROCCESED: named(40210, 'SDP_END_POINT_ANSWER_ALREADY_PROCCESED'),
  SDP_END_POINT_CANNOT_CREATE_SESSON: named(40211, 'SDP_END_POINT_CANNOT_CREATE_SESSON'),

  HTTP_END_POINT_REGISTRATION_ERROR: named(40300, 'HTTP_END_POINT_REGISTRATION_ERROR'),
  ICE_GATHER_CANDIDATES_ERROR: named(40400, 'ICE_GATHER_CANDIDATES_ERROR'),
  ICE_ADD_CANDIDATE_ERROR: named(40401, 'ICE_ADD_CANDIDATE_ERROR'),
  SERVER_MANAGER_ERROR_KMD_NOT_FOUND: named(40500, 'UNDEFINED'),
  URI_PATH_FILE_NOT_FOUND: named(40600, 'URI_PATH_FILE_NOT_FOUND'),
  PLAYER_SEEK_FAIL: named(40700, 'PLAYER_SEEK_FAIL'),
} as const satisfies Record<string, KurentoErrorKind>;

export type KurentoErrorName = keyof typeof KURENTO_ERRORS;

/** A refusal in the original's vocabulary. Thrown inside the media server it becomes the answer to the request. */
export class KurentoError extends Error {
  readonly kind: KurentoErrorName;
  readonly code: number;
  readonly type: string | undefined;

  constructor(kind: KurentoErrorName, message: string) {
    super(message);
    this.name = 'KurentoError';
    this.kind = kind;
    this.code = KURENTO_ERRORS[kind].code;
    this.type = KURENTO_ERRORS[kind].type;
  }
}

/** The name of the error with this code, so that a client can tell errors apart by name; undefined: not Kurento's. */
export function kurentoErrorName(code: number): KurentoErrorName | undefined {
  const names = Object.keys(KURENTO_ERRORS) as KurentoErrorName[];
  return names.find((name) => KURENTO_ERRORS[name].code === code);
}
