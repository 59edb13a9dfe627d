package httpapi

import (
	"fmt"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lifecircle/feed"
	"lifecircle/feed/policy"
	"lifecircle/internal/auth"
	"lifecircle/internal/creditscore"
	"lifecircle/internal/media"
	"lifecircle/internal/media/picture"
	"lifecircle/internal/ratelimit"
	"lifecircle/payments"
)

// knownLimits are those that this package can name.
type knownLimits struct {
	Accounts   accountLimits       `json:"accounts"`
	Feed       feedLimits          `json:"feed"`
	Photos     photoLimits         `json:"photos"`
	Rules      ruleLimits          `json:"rules" doc:"of circles"`
	Identity   identityLimits      `json:"identity" doc:"of applications to be verified, and of what comes of them"`
	Contacts   contactLimits       `json:"contacts" doc:"of one person; an accepted contact counts in both"`
	Issuers    issuerLimits        `json:"issuers" doc:"of those who send score events"`
	Notices    noticeLimits        `json:"notifications"`
	Payments   paymentLimits       `json:"payments" doc:"amounts in fen; 0 is no limit"`
	HTTP       httpLimits          `json:"http"`
	Rates      map[string]rateBody `json:"rates" doc:"by what is counted"`
	Categories []string            `json:"categories" nullable:"false" doc:"of circles"`
}

type accountLimits struct {
	HandleCharactersMin   int `json:"handle_characters_min" doc:"letters a to z, digits and underscores"`
	HandleCharactersMax   int `json:"handle_characters_max"`
	PasswordCharactersMin int `json:"password_characters_min" doc:"code points"`
	PasswordCharactersMax int `json:"password_characters_max"`
}

type feedLimits struct {
	PostCharacters        int `json:"post_characters" doc:"as people count them, grapheme clusters"`
	CommentCharacters     int `json:"comment_characters"`
	CircleNameCharacters  int `json:"circle_name_characters"`
	DescriptionCharacters int `json:"description_characters"`
	BioCharacters         int `json:"bio_characters"`
	PlaceCharacters       int `json:"place_characters"`
	DisplayNameCharacters int `json:"display_name_characters"`
	Tags                  int `json:"tags" doc:"of a circle"`
	TagCharacters         int `json:"tag_characters"`
	Follows               int `json:"follows" doc:"circles that one person may follow"`
	PageItems             int `json:"page_items" doc:"of one page, at most"`
	DefaultPageItems      int `json:"default_page_items"`
}

type photoLimits struct {
	PerPost        int            `json:"per_post"`
	FileBytes      int            `json:"file_bytes" doc:"of an uploaded file"`
	Pixels         int            `json:"pixels" doc:"width times height of an uploaded one"`
	SidePixels     int            `json:"side_pixels" doc:"of its longer side"`
	Accepted       []string       `json:"accepted" nullable:"false" doc:"kinds of files; of a GIF the first frame"`
	Sizes          map[string]int `json:"sizes" doc:"pixels of the longer side, at most; a photo is never enlarged"`
	UploadsAtOnce  int            `json:"uploads_at_once" doc:"of one person, unfinished"`
	DayBytes       int64          `json:"day_bytes" doc:"of one person's uploads in 24 hours; 0: no limit"`
	UploadSeconds  int            `json:"upload_seconds" doc:"then an upload is forgotten"`
	UnusedSeconds  int            `json:"unused_seconds" doc:"then a photo that no post has taken is"`
	StreamsAtOnce  int            `json:"streams_at_once" doc:"bodies with bytes of photos that a node takes; beyond it 429"`
	UserStreams    int            `json:"user_streams" doc:"of one person"`
	BytesPerSecond int            `json:"bytes_per_second" doc:"that such a body brings at least, after its first seconds"`
	FilesAtOnce    int            `json:"files_at_once" doc:"of photos that a node sends"`
}

func (o Options) photoLimits() photoLimits {
	l := photoLimits{
		PerPost: media.MaxPerPost, FileBytes: picture.MaxBytes, Pixels: picture.MaxPixels, SidePixels: picture.MaxSide,
		Accepted: []string{"image/jpeg", "image/png", "image/webp", "image/gif"}, Sizes: map[string]int{},
		UploadsAtOnce: media.MaxUploads, DayBytes: media.MaxDayBytes, UploadSeconds: int(media.UploadLife.Seconds()), UnusedSeconds: int(media.UnusedLife.Seconds()),
		StreamsAtOnce: streamsAtOnce, UserStreams: userStreams, BytesPerSecond: minFlow, FilesAtOnce: filesAtOnce,
	}
	for size, side := range picture.Sides() {
		l.Sizes[string(size)] = side
	}
	if o.Dev {
		l.DayBytes = 0
	}
	return l
}

type ruleLimits struct {
	RuleCharacters   int `json:"rule_characters" doc:"code points of one rule"`
	RuleParts        int `json:"rule_parts" doc:"names, constants and operators of one rule"`
	RuleDepth        int `json:"rule_depth" doc:"of brackets and operators in each other"`
	RuleAlternatives int `json:"rule_alternatives" doc:"of one rule, with those of the rules that it names"`
	RuleConditions   int `json:"rule_conditions" doc:"that one alternative asks for at once, with those of the rules that it names"`
	RuleCost         int `json:"rule_cost" doc:"as CEL estimates it, with the rules that it names"`
	ReasonCharacters int `json:"reason_characters" doc:"of the reason for a rule by gender"`
	VersionsShown    int `json:"versions_shown" doc:"of a circle's rules"`
	TipAge           int `json:"tip_age" doc:"verified years that a tip takes; 0: none"`
}

func (o Options) ruleLimits() ruleLimits {
	l := ruleLimits{
		RuleCharacters: policy.MaxRuleLength, RuleParts: policy.MaxRuleNodes, RuleDepth: policy.MaxRuleDepth, RuleAlternatives: policy.MaxRuleWays,
		RuleConditions: policy.MaxWayConditions, RuleCost: policy.MaxRuleCost, ReasonCharacters: policy.MaxReasonLength, VersionsShown: feed.MaxRulesHistory,
	}
	if o.AdultTips {
		l.TipAge = policy.AdultAge
	}
	return l
}

type paymentLimits struct {
	MaxTip             int64           `json:"max_tip" doc:"of one tip; a circle's contract may have less"`
	TipsPerDay         int64           `json:"tips_per_day" doc:"of one who has not set his own limits; days begin in Asia/Shanghai"`
	TipsPerMonth       int64           `json:"tips_per_month"`
	MessageCharacters  int             `json:"message_characters" doc:"of a tip, and of the reason of a refund"`
	MinTopUp           int64           `json:"min_topup"`
	MaxTopUp           int64           `json:"max_topup"`
	MinWithdrawal      int64           `json:"min_withdrawal"`
	MaxWithdrawal      int64           `json:"max_withdrawal"`
	RaiseSeconds       int             `json:"raise_seconds" doc:"from asking for higher limits of one's own to having them"`
	PayerRefundDays    int             `json:"payer_refund_days" doc:"in which a payer may take a tip back"`
	AuthorRefundDays   int             `json:"author_refund_days" doc:"in which an author may give it back"`
	TopUpSeconds       int             `json:"topup_seconds" doc:"in which one can be paid"`
	StatementPageItems int             `json:"statement_page_items"`
	StandardShares     payments.Shares `json:"standard_shares" doc:"of circles without a contract"`
	Providers          []string        `json:"providers" nullable:"false" doc:"for top-ups and withdrawals"`
}

func (o Options) paymentLimits() paymentLimits {
	const day = 24 * time.Hour
	l := paymentLimits{
		MaxTip: payments.MaxTip, TipsPerDay: payments.DefaultTipsPerDay, TipsPerMonth: payments.DefaultTipsPerMonth,
		MessageCharacters: payments.MaxTipMessage, MinTopUp: payments.MinTopUp, MaxTopUp: payments.MaxTopUp, MinWithdrawal: payments.MinWithdrawal, MaxWithdrawal: payments.MaxWithdrawal,
		RaiseSeconds: int(payments.RaiseAfter.Seconds()), PayerRefundDays: int(payments.RefundWindow / day), AuthorRefundDays: int(payments.RefundWindowAuthor / day),
		TopUpSeconds: int(payments.TopUpLife.Seconds()), StatementPageItems: payments.MaxStatementPage, StandardShares: payments.StandardShares,
		Providers: []string{},
	}
	if o.Dev {
		l.TipsPerDay, l.TipsPerMonth = 0, 0
	}
	if o.Payments != nil {
		l.Providers = append(l.Providers, o.Payments.Providers()...)
	}
	return l
}

type httpLimits struct {
	BodyBytes                int `json:"body_bytes"`
	HeaderBytes              int `json:"header_bytes"`
	JSONDepth                int `json:"json_depth"`
	IdempotencyKeyCharacters int `json:"idempotency_key_characters"`
	HeaderSeconds            int `json:"header_seconds" doc:"to send the headers; then the connection is closed"`
	BodySeconds              int `json:"body_seconds" doc:"to send the body"`
	RequestSeconds           int `json:"request_seconds" doc:"then 503"`
	ReadsAtOnce              int `json:"reads_at_once" doc:"GETs that a node works on"`
	ReadsWaiting             int `json:"reads_waiting" doc:"others that wait for their turn; beyond it 429"`
	ReadWaitMilliseconds     int `json:"read_wait_milliseconds" doc:"of one of them; then 429"`
	WritesAtOnce             int `json:"writes_at_once" doc:"all other requests that a node works on; beyond it 429"`
}

type rateBody struct {
	Burst      int     `json:"burst" doc:"so many at once"`
	Count      int     `json:"count" doc:"so many in per_seconds, in the long run"`
	PerSeconds float64 `json:"per_seconds"`
}

// limitsBody is knownLimits and what other parts added, by the part's name.
type limitsBody map[string]any

// Schema implements huma.SchemaProvider.
func (limitsBody) Schema(r huma.Registry) *huma.Schema {
	s := *r.Schema(reflect.TypeFor[knownLimits](), false, "Limits")
	s.AdditionalProperties = true
	s.Description = "Members beside these are the limits of other parts, by the part's name."
	return &s
}

// limitsOf adds the limits of other parts to those that are known here.
func limitsOf(o Options) (limitsBody, error) {
	known := limitsBody{
		"accounts": accountLimits{
			HandleCharactersMin: auth.MinHandle, HandleCharactersMax: auth.MaxHandle,
			PasswordCharactersMin: auth.MinPassword, PasswordCharactersMax: auth.MaxPassword,
		},
		"feed": feedLimits{
			PostCharacters: feed.MaxPostGraphemes, CommentCharacters: feed.MaxCommentGraphemes,
			CircleNameCharacters: feed.MaxCircleNameGraphemes, DescriptionCharacters: feed.MaxDescriptionGraphemes,
			BioCharacters: feed.MaxBioGraphemes, PlaceCharacters: feed.MaxPlaceGraphemes, DisplayNameCharacters: feed.MaxDisplayNameGraphemes,
			Tags: feed.MaxTags, TagCharacters: feed.MaxTagGraphemes, Follows: feed.MaxFollows,
			PageItems: feed.MaxPage, DefaultPageItems: feed.DefaultPage,
		},
		"photos":   o.photoLimits(),
		"rules":    o.ruleLimits(),
		"identity": limitsOfIdentity(), "contacts": limitsOfContacts(), "issuers": limitsOfIssuers(),
		"notifications": noticeLimits{KeptDays: int(creditscore.NotificationRetention / (24 * time.Hour))},
		"payments":      o.paymentLimits(),
		"http": httpLimits{
			BodyBytes: MaxBodyBytes, HeaderBytes: MaxHeaderBytes, JSONDepth: maxJSONDepth,
			IdempotencyKeyCharacters: maxKeyLength,
			HeaderSeconds:            int(headerTime.Seconds()), BodySeconds: int(bodyTime.Seconds()), RequestSeconds: int(requestTime.Seconds()),
			ReadsAtOnce: readsAtOnce, ReadsWaiting: readsWaiting, ReadWaitMilliseconds: int(readWait.Milliseconds()), WritesAtOnce: writesAtOnce,
		},
		"rates":      rates(),
		"categories": feed.Categories,
	}
	for part, limits := range o.Limits {
		if _, taken := known[part]; taken {
			return nil, fmt.Errorf("two parts of the limits are called %q", part)
		}
		known[part] = limits
	}
	return known, nil
}

func rates() map[string]rateBody {
	all := map[string]rateBody{}
	for _, l := range ratelimit.All() {
		all[l.Name] = rateBody{Burst: l.Rate.Burst, Count: l.Rate.Count, PerSeconds: l.Rate.Per.Seconds()}
	}
	return all
}
