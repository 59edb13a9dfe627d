package email

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"net/mail"
	"time"

	"lifecircle/internal/identity/verifier"
)

// write makes the mail with a code. It says who asks: whoever did not ask must
// not confirm.
func write(a verifier.Application, link, code string) Mail {
	shown := code[:5] + "-" + code[5:]
	link += "&code=" + code
	return Mail{
		To:      a.Claim.Email,
		Subject: "Life Circle 验证码 / your code: " + shown,
		Text: fmt.Sprintf(`Life Circle 用户 @%[1]s 申请认证：%[2]s。
验证码：%[3]s（30 分钟内有效）
也可以打开：%[4]s
如果不是你本人申请，请忽略此邮件，不要把验证码告诉任何人。

@%[1]s of Life Circle asks to be confirmed as one of: %[2]s.
Code: %[3]s (for 30 minutes)
Or open: %[4]s
If this was not you, ignore this mail and tell nobody the code.
`, a.Handle, a.Claim.Of, shown, link),
	}
}

const base64Line = 76 // characters, RFC 2045

// bytes writes the mail as it travels (RFC 5322).
func (m Mail) bytes(from mail.Address, messageID string, now time.Time) []byte {
	var b bytes.Buffer
	to := mail.Address{Address: m.To}
	for _, h := range [][2]string{
		{"From", from.String()},
		{"To", to.String()},
		{"Subject", mime.BEncoding.Encode("utf-8", m.Subject)},
		{"Date", now.Format(time.RFC1123Z)},
		{"Message-ID", "<" + messageID + ">"},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "base64"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	text := base64.StdEncoding.EncodeToString([]byte(m.Text))
	for len(text) > 0 {
		n := min(len(text), base64Line)
		b.WriteString(text[:n] + "\r\n")
		text = text[n:]
	}
	return b.Bytes()
}
