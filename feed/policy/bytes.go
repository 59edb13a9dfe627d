package policy

// What parts of compiled rules take in memory, in bytes, as measured; CEL's
// programs among them. They make the bound of a cache, not an account.
const (
	bytesOfRules     = 2000
	bytesOfNode      = 150
	bytesOfCondition = 330
	bytesOfConstant  = 40
	bytesOfAsk       = 240
	bytesOfRoute     = 80
	bytesOfPointer   = 8
)

// Bytes estimates how much memory the rules take.
func (r *Rules) Bytes() int {
	if r == nil {
		return 0
	}
	return r.bytes
}

func (a *ask) bytes() int {
	return bytesOfAsk + bytesOfPointer*len(a.all) + 2*bytesOfPointer*(len(a.spans)+len(a.words))
}

func (c *condition) bytes() int {
	n := bytesOfCondition + len(c.text) + bytesOfConstant*(len(c.nums)+len(c.strs))
	for _, s := range c.strs {
		n += len(s)
	}
	return n
}

func bytesOf(routes []route) (n int) {
	for _, r := range routes {
		n += bytesOfRoute + bytesOfPointer*(len(r.way)+len(r.asks))
	}
	return n
}
