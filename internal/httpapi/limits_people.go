package httpapi

import (
	"lifecircle/internal/creditscore"
	"lifecircle/internal/identity"
	"lifecircle/internal/identity/verifier"
	"lifecircle/internal/identity/verifier/email"
	"lifecircle/internal/identity/verifier/manual"
)

type identityLimits struct {
	NameCharacters     int `json:"name_characters"`
	DocumentCharacters int `json:"document_characters"`
	CityCharacters     int `json:"city_characters"`
	OfCharacters       int `json:"of_characters" doc:"of a school's or company's name"`
	NoteCharacters     int `json:"note_characters"`
	AddressBytes       int `json:"address_bytes" doc:"of a mailbox"`
	WrongCodes         int `json:"wrong_codes" doc:"so many refuse an application"`
	CodeSeconds        int `json:"code_seconds" doc:"in which a code of a mail can be brought back"`
	StaffSeconds       int `json:"staff_seconds" doc:"in which staff decide; then an application is refused"`
	BelongingMonths    int `json:"belonging_months" doc:"for which a student or employee is verified, at most"`
	ItemsShown         int `json:"items_shown" doc:"applications in the list"`
}

type contactLimits struct {
	AsksPerDay    int `json:"asks_per_day" doc:"in 24 hours"`
	AcceptsPerDay int `json:"accepts_per_day" doc:"in 24 hours, by and of the person"`
	Contacts      int `json:"contacts" doc:"with those whom the person has asked"`
}

type issuerLimits struct {
	Events       int `json:"events" doc:"of one message"`
	SkewSeconds  int `json:"skew_seconds" doc:"between a message's timestamp and our clock"`
	EventIDBytes int `json:"event_id_bytes" doc:"of an event's name"`
}

type noticeLimits struct {
	KeptDays int `json:"kept_days" doc:"then they are deleted"`
}

func limitsOfIdentity() identityLimits {
	return identityLimits{
		NameCharacters: identity.MaxName, DocumentCharacters: identity.MaxDocument, CityCharacters: identity.MaxCity,
		OfCharacters: identity.MaxOf, NoteCharacters: identity.MaxNote, AddressBytes: email.MaxAddress, WrongCodes: verifier.MaxTries,
		CodeSeconds: int(email.CodeLife.Seconds()), StaffSeconds: int(manual.Life.Seconds()),
		BelongingMonths: identity.MaxBelongingMonths, ItemsShown: identity.MaxShown,
	}
}

func limitsOfContacts() contactLimits {
	return contactLimits{AsksPerDay: creditscore.MaxContactAsks, AcceptsPerDay: creditscore.MaxContactAccepts, Contacts: creditscore.MaxContacts}
}

func limitsOfIssuers() issuerLimits {
	return issuerLimits{
		Events: creditscore.MaxIssued, SkewSeconds: int(creditscore.MaxIssuerSkew.Seconds()), EventIDBytes: creditscore.MaxIssuedRef,
	}
}
