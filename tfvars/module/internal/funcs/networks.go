package funcs

import (
	"math/big"
	"net/netip"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// networks are the functions over IP prefixes in CIDR notation.
func networks() map[string]function.Function {
	prefix := function.Parameter{Name: "prefix", Type: cty.String}
	number := func(name string) function.Parameter { return function.Parameter{Name: name, Type: cty.Number} }
	text := func(f func(p netip.Prefix, n []*big.Int) (string, error), params ...function.Parameter) function.Function {
		return function.New(&function.Spec{
			Params: append([]function.Parameter{prefix}, params...),
			Type:   function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				p, nums, err := networkArgs(args)
				if err != nil {
					return cty.NilVal, err
				}
				s, err := f(p, nums)
				if err != nil {
					return cty.NilVal, err
				}
				return cty.StringVal(s), nil
			},
		})
	}
	return map[string]function.Function{
		"cidrhost":    text(host, number("hostnum")),
		"cidrnetmask": text(netmask),
		"cidrsubnet":  text(subnet, number("newbits"), number("netnum")),
		"cidrsubnets": subnets(),
	}
}

func networkArgs(args []cty.Value) (netip.Prefix, []*big.Int, error) {
	p, err := netip.ParsePrefix(args[0].AsString())
	if err != nil {
		return p, nil, tellable{"the prefix is not in CIDR notation"}
	}
	nums := make([]*big.Int, len(args)-1)
	for i, a := range args[1:] {
		a, err := convert.Convert(a, cty.Number)
		if err != nil || a.IsNull() {
			return p, nil, tellable{"a whole number is required"}
		}
		n, acc := a.AsBigFloat().Int(nil)
		if acc != big.Exact {
			return p, nil, tellable{"a whole number is required"}
		}
		nums[i] = n
	}
	return p.Masked(), nums, nil
}

// plus returns the address at base + n·2^shift.
func plus(base netip.Addr, n *big.Int, shift int) (netip.Addr, bool) {
	raw := base.AsSlice()
	sum := new(big.Int).Add(new(big.Int).SetBytes(raw), new(big.Int).Lsh(n, uint(shift)))
	if sum.Sign() < 0 || sum.BitLen() > len(raw)*8 {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(sum.FillBytes(make([]byte, len(raw))))
}

func host(p netip.Prefix, n []*big.Int) (string, error) {
	free := p.Addr().BitLen() - p.Bits()
	size := new(big.Int).Lsh(big.NewInt(1), uint(free))
	num := new(big.Int).Set(n[0])
	if num.Sign() < 0 {
		num.Add(num, size) // counted from the end
	}
	if num.Sign() < 0 || num.Cmp(size) >= 0 {
		return "", tellable{"the prefix has no host of that number"}
	}
	addr, ok := plus(p.Addr(), num, 0)
	if !ok {
		return "", tellable{"the prefix has no host of that number"}
	}
	return addr.String(), nil
}

func netmask(p netip.Prefix, _ []*big.Int) (string, error) {
	if !p.Addr().Is4() {
		return "", tellable{"only IPv4 has network masks"}
	}
	ones, err := netip.AddrFrom4([4]byte{255, 255, 255, 255}).Prefix(p.Bits())
	if err != nil {
		return "", tellable{"the prefix is not in CIDR notation"}
	}
	return ones.Addr().String(), nil
}

func subnet(p netip.Prefix, n []*big.Int) (string, error) {
	if !n[0].IsInt64() || n[0].Sign() < 0 || n[0].Int64() > int64(p.Addr().BitLen()-p.Bits()) {
		return "", tellable{"the prefix can't be extended by so many bits"}
	}
	bits := p.Bits() + int(n[0].Int64())
	if n[1].Sign() < 0 || n[1].BitLen() > int(n[0].Int64()) {
		return "", tellable{"the prefix has no subnet of that number"}
	}
	addr, ok := plus(p.Addr(), n[1], p.Addr().BitLen()-bits)
	if !ok {
		return "", tellable{"the prefix has no subnet of that number"}
	}
	return netip.PrefixFrom(addr, bits).String(), nil
}

// subnets lays subnets one behind the other, each aligned to its size.
func subnets() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "prefix", Type: cty.String}},
		VarParam: &function.Parameter{Name: "newbits", Type: cty.Number},
		Type:     function.StaticReturnType(cty.List(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			p, nums, err := networkArgs(args)
			if err != nil {
				return cty.NilVal, err
			}
			if len(nums) == 0 {
				return cty.ListValEmpty(cty.String), nil
			}
			next := p.Addr()
			full := false
			out := make([]cty.Value, len(nums))
			for i, n := range nums {
				if n.Sign() <= 0 || !n.IsInt64() || n.Int64() > int64(p.Addr().BitLen()-p.Bits()) {
					return cty.NilVal, tellable{"the prefix can't be extended by so many bits"}
				}
				shift := p.Addr().BitLen() - p.Bits() - int(n.Int64())
				start := next
				if cut, _ := next.Prefix(next.BitLen() - shift); cut.Addr() != next {
					var ok bool
					if start, ok = plus(cut.Addr(), big.NewInt(1), shift); !ok {
						full = true
					}
				}
				if full || !p.Contains(start) {
					return cty.NilVal, tellable{"not enough remaining address space"}
				}
				out[i] = cty.StringVal(netip.PrefixFrom(start, start.BitLen()-shift).String())
				var ok bool
				if next, ok = plus(start, big.NewInt(1), shift); !ok {
					full = true
				}
			}
			return cty.ListVal(out), nil
		},
	})
}
