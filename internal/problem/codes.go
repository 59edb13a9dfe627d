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
	IdempotencyKeyNeeded Code = "idempotency_key_missing"
	WebhookSignature     Code = "webhook_signature_invalid"
	WebhookStale         Code = "webhook_stale"
	WebhookForeign       Code = "webhook_foreign"
	WebhookMismatch      Code = "webhook_amount_mismatch"
	WebhookMalformed     Code = "webhook_malformed"

	InsufficientFunds Code = "insufficient_funds"
	FundsHeld         Code = "funds_held"

	Unauthorized       Code = "unauthorized"
	InvalidCredentials Code = "invalid_credentials"
	InvalidToken       Code = "invalid_token"
	TokenExpired       Code = "token_expired"
	RefreshReused      Code = "refresh_token_reused"
	ForeignOrigin      Code = "foreign_origin"
	Banned             Code = "banned"
	NotAllowed         Code = "not_allowed"
	RoleRequired       Code = "role_required"
	NotAuthor          Code = "not_author"
	OwnPost            Code = "tip_own_post"
	TipDayLimit        Code = "tip_day_limit"
	TipMonthLimit      Code = "tip_month_limit"
	NotRefundable      Code = "not_refundable_by_you"
	TipAdultsOnly      Code = "tip_adults_only"

	NotFound        Code = "not_found"
	UserNotFound    Code = "user_not_found"
	CircleNotFound  Code = "circle_not_found"
	PostNotFound    Code = "post_not_found"
	CommentNotFound Code = "comment_not_found"
	TipNotFound     Code = "tip_not_found"
	TopUpNotFound   Code = "topup_not_found"
	PayoutNotFound  Code = "withdrawal_not_found"
	ProviderUnknown Code = "provider_unknown"

	VerificationNotFound Code = "verification_not_found"

	Deleted        Code = "deleted"
	HandleTaken    Code = "handle_taken"
	LastOwner      Code = "last_owner"
	BodyTooLarge   Code = "body_too_large"
	BadContentType Code = "unsupported_media_type"
	MethodNot      Code = "method_not_allowed"

	ScoreTooLow       Code = "score_too_low"
	VouchLimit        Code = "vouch_limit"
	ContactLimit      Code = "contact_limit"
	ContactUnsuitable Code = "contact_unsuitable"
	EventNotFound     Code = "score_event_not_found"
	AppealNotFound    Code = "appeal_not_found"
	AlreadyAppealed   Code = "already_appealed"
	IssuerSignature   Code = "issuer_signature_invalid"
	IssuerStale       Code = "issuer_stale"
	IssuerUnknown     Code = "issuer_unknown"
	IssuerKind        Code = "issuer_kind_refused"

	RefundTooLarge Code = "refund_exceeds_tip"
	RefundTooLate  Code = "refund_too_late"
	RefundUnfunded Code = "refund_unfunded"
	ContractStale  Code = "contract_not_pending"

	Invalid_         Code = "invalid"
	TextEmpty        Code = "text_empty"
	TextTooLong      Code = "text_too_long"
	TextControl      Code = "text_forbidden_character"
	HandleForm       Code = "handle_malformed"
	PasswordWeak     Code = "password_unsuitable"
	CategoryUnknown  Code = "category_unknown"
	ParentUnsuitable Code = "parent_unsuitable"
	RoleUnknown      Code = "role_unknown"
	RuleMalformed    Code = "rule_malformed"
	RuleTooLong      Code = "rule_too_long"
	RuleTooCostly    Code = "rule_too_costly"
	RuleGender       Code = "rule_gender"

	PhotoTooLarge        Code = "photo_too_large"
	PhotoTooManyPixels   Code = "photo_too_many_pixels"
	PhotoKindUnsupported Code = "photo_kind_unsupported"
	PhotoUnreadable      Code = "photo_unreadable"
	PhotoNotFound        Code = "photo_not_found"
	PhotoInUse           Code = "photo_in_use"
	PhotoRepeated        Code = "photo_repeated"
	PhotosTooMany        Code = "photos_too_many"
	PhotoUnreviewed      Code = "photo_unreviewed"
	PhotoReviewed        Code = "photo_reviewed"
	PhotoDayLimit        Code = "photo_day_limit"
	UploadNotFound       Code = "upload_not_found"
	UploadOffset         Code = "upload_offset_mismatch"
	UploadsTooMany       Code = "uploads_too_many"
	UploadLength         Code = "upload_length_unsuitable"
	TusVersion           Code = "tus_version_unsupported"

	AmountMalformed     Code = "amount_malformed"
	AmountNotPositive   Code = "amount_not_positive"
	AmountTooLarge      Code = "amount_too_large"
	AmountTooSmall      Code = "amount_too_small"
	CurrencyUnsupported Code = "currency_unsupported"
	TipTooLarge         Code = "tip_too_large"
	VisibilityUnknown   Code = "visibility_unknown"
	SharesUnsuitable    Code = "shares_unsuitable"
	PartnerUnsuitable   Code = "partner_unsuitable"
	LimitUnsuitable     Code = "limit_unsuitable"
	MonthMalformed      Code = "month_malformed"
	PayoutRefused       Code = "payout_account_unsuitable"

	ClaimUnsuitable Code = "claim_unsuitable"
	DomainUnknown   Code = "domain_unknown"
	VerifierUnknown Code = "verifier_unknown"

	RateLimited Code = "rate_limited"
	Overloaded  Code = "overloaded"
	Unavailable Code = "unavailable"
	Internal    Code = "internal"
)

// statuses is the one table from codes to HTTP (RFC 9110). The socket's
// numbers follow from it: 1000 + status, but 401 -> 101 and 429 -> 111.
var statuses = map[Code]int{
	MalformedRequest: 400, MalformedJSON: 400, MalformedID: 404, BadCursor: 400,
	IdempotencyKeyBad: 400, IdempotencyKeyReused: 422, IdempotencyBusy: 409, IdempotencyKeyNeeded: 400,
	WebhookSignature: 400, WebhookStale: 400, WebhookForeign: 400, WebhookMismatch: 400, WebhookMalformed: 400,

	InsufficientFunds: 402, FundsHeld: 402,

	Unauthorized: 401, InvalidCredentials: 401, InvalidToken: 401, TokenExpired: 401, RefreshReused: 401,
	ForeignOrigin: 403, Banned: 403, NotAllowed: 403, RoleRequired: 403, NotAuthor: 403,
	OwnPost: 403, TipDayLimit: 403, TipMonthLimit: 403, NotRefundable: 403, TipAdultsOnly: 403,

	NotFound: 404, UserNotFound: 404, CircleNotFound: 404, PostNotFound: 404, CommentNotFound: 404,
	TipNotFound: 404, TopUpNotFound: 404, PayoutNotFound: 404, ProviderUnknown: 422,
	VerificationNotFound: 404,

	Deleted: 409, HandleTaken: 409, LastOwner: 409, BodyTooLarge: 413, BadContentType: 415, MethodNot: 405,
	RefundTooLarge: 409, RefundTooLate: 409, RefundUnfunded: 409, ContractStale: 409,

	Invalid_: 422, TextEmpty: 422, TextTooLong: 422, TextControl: 422, HandleForm: 422, PasswordWeak: 422,
	CategoryUnknown: 422, ParentUnsuitable: 422, RoleUnknown: 422,
	PhotoTooLarge: 413, PhotoTooManyPixels: 422, PhotoKindUnsupported: 415, PhotoUnreadable: 422,
	PhotoNotFound: 422, PhotoInUse: 409, PhotoRepeated: 422, PhotosTooMany: 422, PhotoUnreviewed: 403, PhotoReviewed: 409, PhotoDayLimit: 429,
	UploadNotFound: 404, UploadOffset: 409, UploadsTooMany: 429, UploadLength: 422, TusVersion: 412,
	RuleMalformed: 422, RuleTooLong: 422, RuleTooCostly: 422, RuleGender: 422,
	AmountMalformed: 422, AmountNotPositive: 422, AmountTooLarge: 422, AmountTooSmall: 422, CurrencyUnsupported: 422,
	TipTooLarge: 422, VisibilityUnknown: 422, SharesUnsuitable: 422, PartnerUnsuitable: 422, LimitUnsuitable: 422,
	MonthMalformed: 422, PayoutRefused: 422,
	ClaimUnsuitable: 422, DomainUnknown: 422, VerifierUnknown: 422,

	ScoreTooLow: 403, VouchLimit: 403, ContactLimit: 403, ContactUnsuitable: 422, EventNotFound: 404, AppealNotFound: 404,
	AlreadyAppealed: 409, IssuerSignature: 401, IssuerStale: 401, IssuerUnknown: 401, IssuerKind: 403,

	RateLimited: 429, Overloaded: 429, Unavailable: 503, Internal: 500,
}

// Status returns the HTTP status for a code, 500 for one that is not in the table.
func Status(c Code) int {
	if s, ok := statuses[c]; ok {
		return s
	}
	return 500
}
