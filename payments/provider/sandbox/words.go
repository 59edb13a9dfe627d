package sandbox

import "fmt"

// words are what the checkout page says, in one language.
type words struct {
	Lang, Bank, Notice             string
	Amount, Order                  string
	Pending, Paid, Failed, Gone    string
	AboutPending, AboutPaid        string
	AboutFailed, AboutGone         string
	Pay, PayLate, Cancel, GoBackTo string
}

func english() words {
	return words{
		Lang: "en", Bank: "Sandbox bank", Notice: "Play money. Nothing is charged.",
		Amount: "Amount", Order: "Order",
		Pending: "Waiting for you", AboutPending: "Decide how this payment ends.",
		Paid: "Paid", AboutPaid: "The money is on its way. You may close this page.",
		Failed: "Not paid", AboutFailed: "The payment was cancelled, or its time is over.",
		Gone: "No such payment", AboutGone: "The address is incomplete or belongs to nothing here.",
		Pay: "Pay", PayLate: fmt.Sprintf("Pay, notice arrives %d s late", lateSeconds), Cancel: "Cancel",
		GoBackTo: "Back to Life Circle",
	}
}

func chinese() words {
	return words{
		Lang: "zh-CN", Bank: "沙盒银行", Notice: "仅供体验，不会真实扣款。",
		Amount: "金额", Order: "订单号",
		Pending: "等待付款", AboutPending: "请选择这笔付款的结果。",
		Paid: "付款成功", AboutPaid: "款项正在到账，可以关闭本页。",
		Failed: "付款未完成", AboutFailed: "付款已取消，或已超过付款时间。",
		Gone: "找不到这笔付款", AboutGone: "链接不完整，或付款不存在。",
		Pay: "确认付款", PayLate: fmt.Sprintf("付款，通知晚到 %d 秒", lateSeconds), Cancel: "取消付款",
		GoBackTo: "返回生活圈",
	}
}
