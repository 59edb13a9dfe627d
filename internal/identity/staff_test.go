package identity_test

import (
	"testing"

	"lifecircle/internal/identity"
)

func TestStaffAndDomains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.people(1)[0]
	if err := identity.AddStaff(t.Context(), w.pool, "nobody"); err == nil {
		t.Error("nobody is staff")
	}
	if _, err := w.s.StaffMember(t.Context(), "user_1"); err == nil {
		t.Error("everybody is staff")
	}
	for range 2 {
		if err := identity.AddStaff(t.Context(), w.pool, "@user_1"); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := identity.Staff(t.Context(), w.pool); err != nil || len(all) != 1 || all[0] != "user_1" {
		t.Errorf("%v, %v", all, err)
	}
	if who, err := w.s.StaffMember(t.Context(), "user_1"); err != nil || who != ann {
		t.Errorf("%v, %v", who, err)
	}
	if err := identity.RemoveStaff(t.Context(), w.pool, "user_1"); err != nil {
		t.Error(err)
	}
	if err := identity.RemoveStaff(t.Context(), w.pool, "user_1"); err == nil {
		t.Error("removed twice")
	}
	for _, bad := range []identity.Domain{{Domain: "edu", Kind: "school", Name: "x"}, {Domain: "a b.cn", Kind: "school", Name: "x"}, {Domain: "a.cn", Kind: "club", Name: "x"}, {Domain: "a.cn", Kind: "school"}} {
		if err := identity.AddDomain(t.Context(), w.pool, bad); err == nil {
			t.Errorf("%+v was added", bad)
		}
	}
	if err := identity.AddDomain(t.Context(), w.pool, identity.Domain{Domain: "Wutong.edu.cn", Kind: "school", Name: "梧桐大学"}); err != nil {
		t.Fatal(err)
	}
	if all, err := identity.Domains(t.Context(), w.pool); err != nil || len(all) != 1 || all[0].Domain != "wutong.edu.cn" {
		t.Errorf("%v, %v", all, err)
	}
	if err := identity.RemoveDomain(t.Context(), w.pool, "wutong.edu.cn"); err != nil {
		t.Error(err)
	}
}
