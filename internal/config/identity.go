package config

import (
	"errors"
	"fmt"
	"time"

	"lifecircle/internal/id"
)

// Identity says who verifies people, and how mails are sent.
type Identity struct {
	IdentitySandbox string `name:"identity-sandbox" env:"LIFECIRCLE_IDENTITY_SANDBOX" placeholder:"on|off" help:"A page that plays the authority who knows everybody. On by default on the private Postgres; with DATABASE_URL it is there with --dev only."`
	SMTP            Secret `name:"smtp-url" env:"LIFECIRCLE_SMTP_URL" placeholder:"smtp://..." help:"Mail server for codes to schools and companies: smtp://user:password@host:587 (with STARTTLS) or smtps://host:465. Without it, --dev catches mails at /sandbox/mail."`
	MailFrom        string `name:"mail-from" env:"LIFECIRCLE_MAIL_FROM" placeholder:"ADDRESS" help:"Sender of mails; needed with a mail server."`
	IdentityKey     `embed:""`
}

// IdentityKey is the key of hashes of documents and of what is sealed.
type IdentityKey struct {
	Key Secret `name:"identity-key" env:"LIFECIRCLE_IDENTITY_KEY" placeholder:"HEX|FILE" help:"32 bytes in hexadecimal, or a path to them, that keep documents from being guessed from the database. Without it one is made and kept in the database; the first start decides."`
}

// UseSandbox tells whether the sandbox authority is there: where all is play,
// or with --dev.
func (i Identity) UseSandbox(play, dev bool) bool {
	return (play || dev) && i.IdentitySandbox != "off"
}

func (k *IdentityKey) check() error {
	if err := k.Key.fromFile(); err != nil {
		return fmt.Errorf("LIFECIRCLE_IDENTITY_KEY names a file that cannot be read: %w", err)
	}
	return nil
}

func (i *Identity) check() error {
	switch i.IdentitySandbox {
	case "", "on", "off":
	default:
		return errors.New("LIFECIRCLE_IDENTITY_SANDBOX is neither on nor off")
	}
	if !allOrNone(i.SMTP.Reveal(), i.MailFrom) {
		return errors.New("mail is set up by halves; it takes LIFECIRCLE_SMTP_URL and LIFECIRCLE_MAIL_FROM")
	}
	return i.IdentityKey.check()
}

// Staff holds the settings of the staff commands.
type Staff struct {
	IdentityKey
	Handle string // who is added, removed, or decides
	Case   id.ID
	Until  time.Time // approve, of a student or employee; zero: as long as may be
	Reason string    // refuse, revoke: what the person reads
	User   string    // revoke: a handle or an id
	Domain string
	Kind   string // of a domain: school or company
	Name   string // of the same
}

type staff struct {
	Add struct {
		Database `embed:""`
		Handle   string `arg:"" help:"Whose account."`
	} `cmd:"" help:"Let somebody decide verifications."`
	Remove struct {
		Database `embed:""`
		Handle   string `arg:"" help:"Whose account."`
	} `cmd:"" help:"Take that back."`
	List struct {
		Database `embed:""`
	} `cmd:"" help:"Who decides verifications."`
	Pending struct {
		Database    `embed:""`
		IdentityKey `embed:""`
	} `cmd:"" help:"What waits for a decision."`
	Show struct {
		Database    `embed:""`
		IdentityKey `embed:""`
		Case        string `arg:"" help:"As pending printed it."`
	} `cmd:"" help:"What an applicant wrote; it is secret."`
	Approve struct {
		Database    `embed:""`
		IdentityKey `embed:""`
		Case        string `arg:"" help:"As pending printed it."`
		By          string `name:"by" required:"" placeholder:"HANDLE" help:"The member of staff who has looked."`
		Until       string `name:"until" placeholder:"2027-06-30" help:"Until when somebody is a student or employee; 12 months at most."`
	} `cmd:"" help:"Say that it is true."`
	Refuse struct {
		Database    `embed:""`
		IdentityKey `embed:""`
		Case        string `arg:"" help:"As pending printed it."`
		By          string `name:"by" required:"" placeholder:"HANDLE" help:"The member of staff who has looked."`
		Reason      string `name:"reason" required:"" help:"Why: the applicant reads it."`
	} `cmd:"" help:"Say no."`
	RevokeIdentity struct {
		Database    `embed:""`
		IdentityKey `embed:""`
		User        string `arg:"" help:"A handle or an id."`
		Reason      string `name:"reason" required:"" help:"Why: the person reads it."`
		By          string `name:"by" placeholder:"HANDLE" help:"The member of staff who decided it."`
	} `cmd:"" help:"Take back all that is verified of somebody, at once. The documents stay his: no other account can use them."`
	Domains struct {
		Add struct {
			Database `embed:""`
			Domain   string `arg:"" help:"Such as tsinghua.edu.cn; its sub-domains count, too."`
			Kind     string `name:"kind" required:"" enum:"school,company" help:"school or company."`
			Name     string `name:"name" required:"" help:"As rules write it."`
		} `cmd:"" help:"Take mailboxes of a domain for those of its students or employees."`
		Remove struct {
			Database `embed:""`
			Domain   string `arg:"" help:"Which."`
		} `cmd:"" help:"Take that back; what was verified stays."`
		List struct {
			Database `embed:""`
		} `cmd:"" help:"All of them."`
	} `cmd:"" help:"Domains of schools and companies."`
}

func (s staff) into(c *Config) (err error) {
	var ref string
	switch c.Command {
	case StaffAdd:
		c.Database, c.Staff.Handle = s.Add.Database, s.Add.Handle
	case StaffRemove:
		c.Database, c.Staff.Handle = s.Remove.Database, s.Remove.Handle
	case StaffList:
		c.Database = s.List.Database
	case StaffPending:
		c.Database, c.Staff.IdentityKey = s.Pending.Database, s.Pending.IdentityKey
	case StaffShow:
		c.Database, c.Staff.IdentityKey, ref = s.Show.Database, s.Show.IdentityKey, s.Show.Case
	case StaffApprove:
		c.Database, c.Staff.IdentityKey, c.Staff.Handle, ref = s.Approve.Database, s.Approve.IdentityKey, s.Approve.By, s.Approve.Case
		if s.Approve.Until != "" {
			if c.Staff.Until, err = time.ParseInLocation(time.DateOnly, s.Approve.Until, shanghai); err != nil {
				return fmt.Errorf("--until %q is not a day like 2027-06-30", s.Approve.Until)
			}
		}
	case StaffRefuse:
		c.Database, c.Staff.IdentityKey, c.Staff.Handle, c.Staff.Reason, ref = s.Refuse.Database, s.Refuse.IdentityKey, s.Refuse.By, s.Refuse.Reason, s.Refuse.Case
	case StaffRevoke:
		r := s.RevokeIdentity
		c.Database, c.Staff.IdentityKey, c.Staff.User, c.Staff.Reason, c.Staff.Handle = r.Database, r.IdentityKey, r.User, r.Reason, r.By
	case DomainsAdd:
		c.Database, c.Staff.Domain, c.Staff.Kind, c.Staff.Name = s.Domains.Add.Database, s.Domains.Add.Domain, s.Domains.Add.Kind, s.Domains.Add.Name
	case DomainsRemove:
		c.Database, c.Staff.Domain = s.Domains.Remove.Database, s.Domains.Remove.Domain
	default:
		c.Database = s.Domains.List.Database
	}
	if ref != "" {
		if c.Staff.Case, err = id.Parse(ref); err != nil {
			return fmt.Errorf("%q is not a case as `lifecircle staff pending` prints it", ref)
		}
	}
	return c.Staff.check()
}
