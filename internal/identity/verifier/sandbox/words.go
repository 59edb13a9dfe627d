package sandbox

// words are the texts of the page in one language.
type words struct {
	Lang, Authority, Notice                              string
	Pending, Verified, Refused, Gone                     string
	AboutPending, AboutVerified, AboutRefused, AboutGone string
	Identity, Student, Employment, Asks                  string
	Level, Phone, DocumentLevel, Bank                    string
	Document, BirthDate, Gender, Female, Male, Other     string
	Unknown, City, Of, Until, Approve, Refuse            string
	Missing, BadDate, Case, Back                         string
}

func english() words {
	return words{
		Lang: "en", Authority: "Sandbox authority", Notice: "A test authority: nobody real is asked, and nothing here is a real document.",
		Pending: "Waiting for you", Verified: "Confirmed", Refused: "Not confirmed", Gone: "Nothing here",
		AboutPending:  "Play the authority: say what the document says, and decide.",
		AboutVerified: "Life Circle has been told. You can close this page.",
		AboutRefused:  "Life Circle has been told. You can apply again there.",
		AboutGone:     "There is no such application, or it was decided and forgotten.",
		Identity:      "Identity", Student: "Student", Employment: "Employee", Asks: "asks for",
		Level: "What is confirmed", Phone: "Level 1: a phone number", DocumentLevel: "Level 2: document and liveness", Bank: "Level 3: also the name of a bank account",
		Document: "Number of the document", BirthDate: "Born on", Gender: "Gender", Female: "Female", Male: "Male", Other: "Other",
		Unknown: "Not said", City: "City", Of: "School or company", Until: "Until", Approve: "Confirm", Refuse: "Do not confirm",
		Missing: "Something is missing.", BadDate: "This is not a date.", Case: "Case", Back: "Back to Life Circle",
	}
}

func chinese() words {
	return words{
		Lang: "zh-CN", Authority: "沙盒认证中心", Notice: "测试用的认证中心：不会查询任何真人，这里也没有真实证件。",
		Pending: "等待你的决定", Verified: "已通过", Refused: "未通过", Gone: "这里什么也没有",
		AboutPending:  "请扮演认证中心：填写证件上的内容，然后作出决定。",
		AboutVerified: "已通知 Life Circle，可以关闭此页。",
		AboutRefused:  "已通知 Life Circle，可以在那里重新申请。",
		AboutGone:     "没有这份申请，或者它已经有了结果并被删除。",
		Identity:      "实名认证", Student: "学生认证", Employment: "在职认证", Asks: "申请",
		Level: "认证内容", Phone: "一级：手机号", DocumentLevel: "二级：证件与活体检测", Bank: "三级：另加银行户名一致",
		Document: "证件号码", BirthDate: "出生日期", Gender: "性别", Female: "女", Male: "男", Other: "其他",
		Unknown: "未注明", City: "城市", Of: "学校或公司", Until: "有效期至", Approve: "通过", Refuse: "不通过",
		Missing: "还有内容没有填写。", BadDate: "这不是一个日期。", Case: "编号", Back: "返回 Life Circle",
	}
}
