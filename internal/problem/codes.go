package problem

// Code is a stable name for what went wrong. Codes are never renamed.
type Code string

// The codes. Each has its status in the table below; a test keeps it complete.
const (
	MalformedRequest     Code = "malformed_request"
	MalformedJSON        Code = "malformed_json"
	MalformedID          Code = "malformed_id"
	BadCursor            Code = "bad_cursor"
	IdempotencyKeyBad    Code = "idempotency_key_malformed"
	IdempotencyKeyReused Code = "idempotency_key_reused"
	IdempotencyBusy      Code = "idempotency_in_progress"

	Unauthorized       Code = "unauthorized"
	InvalidCredentials Code = "invalid_credentials"
	InvalidToken       Code = "invalid_token"
	TokenExpired       Code = "token_expired"
	RefreshReused      Code = "refresh_token_reused"
	Banned             Code = "banned"
	NotAllowed         Code = "not_allowed"
	RoleRequired       Code = "role_required"
	NotAuthor          Code = "not_author"

	NotFound        Code = "not_found"
	UserNotFound    Code = "user_not_found"
	CircleNotFound  Code = "circle_not_found"
	PostNotFound    Code = "post_not_found"
	CommentNotFound Code = "comment_not_found"

	Deleted        Code = "deleted"
	HandleTaken    Code = "handle_taken"
	LastOwner      Code = "last_owner"
	BodyTooLarge   Code = "body_too_large"
	BadContentType Code = "unsupported_media_type"
	MethodNot      Code = "method_not_allowed"

	Invalid_          Code = "invalid"
	TextEmpty         Code = "text_empty"
	TextTooLong       Code = "text_too_long"
	TextControl       Code = "text_forbidden_character"
	HandleForm        Code = "handle_malformed"
	PasswordWeak      Code = "password_unsuitable"
	CategoryUnknown   Code = "category_unknown"
	ParentUnsuitable  Code = "parent_unsuitable"
	RoleUnknown       Code = "role_unknown"
	RulesUnsupported  Code = "rules_unsupported"
	PhotosUnsupported Code = "photos_unsupported"

	RateLimited Code = "rate_limited"
	Overloaded  Code = "overloaded"
	Unavailable Code = "unavailable"
	Internal    Code = "internal"
)

// statuses is the one table from codes to HTTP (RFC 9110). The socket's
// numbers follow from it: 1000 + status, but 401 -> 101 and 429 -> 111.
var statuses = map[Code]int{
	MalformedRequest: 400, MalformedJSON: 400, MalformedID: 404, BadCursor: 400,
	IdempotencyKeyBad: 400, IdempotencyKeyReused: 422, IdempotencyBusy: 409,

	Unauthorized: 401, InvalidCredentials: 401, InvalidToken: 401, TokenExpired: 401, RefreshReused: 401,
	Banned: 403, NotAllowed: 403, RoleRequired: 403, NotAuthor: 403,

	NotFound: 404, UserNotFound: 404, CircleNotFound: 404, PostNotFound: 404, CommentNotFound: 404,

	Deleted: 409, HandleTaken: 409, LastOwner: 409, BodyTooLarge: 413, BadContentType: 415, MethodNot: 405,

	Invalid_: 422, TextEmpty: 422, TextTooLong: 422, TextControl: 422, HandleForm: 422, PasswordWeak: 422,
	CategoryUnknown: 422, ParentUnsuitable: 422, RoleUnknown: 422, RulesUnsupported: 422, PhotosUnsupported: 422,

	RateLimited: 429, Overloaded: 429, Unavailable: 503, Internal: 500,
}

// Status returns the HTTP status for a code, 500 for one that is not in the table.
func Status(c Code) int {
	if s, ok := statuses[c]; ok {
		return s
	}
	return 500
}
