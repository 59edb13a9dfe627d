package pg

import (
	"encoding/binary"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"lifecircle/internal/id"
)

// int8Arrays writes bigint[] parameters in one go. The batches of group commit
// consist of them, and pgx's own road, which takes each element by reflection,
// cost as much as all else that a batch does in Go.
type int8Arrays struct{ pgtype.Codec }

func useInt8Arrays(conn *pgx.Conn) {
	m := conn.TypeMap()
	if t, ok := m.TypeForOID(pgtype.Int8ArrayOID); ok {
		m.RegisterType(&pgtype.Type{Name: t.Name, OID: t.OID, Codec: int8Arrays{t.Codec}})
	}
}

func (c int8Arrays) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		switch value.(type) {
		case []id.ID:
			return int8ArrayPlan[id.ID]{}
		case []int64:
			return int8ArrayPlan[int64]{}
		case []uint64:
			return int8ArrayPlan[uint64]{}
		}
	}
	return c.Codec.PlanEncode(m, oid, format, value)
}

type int8ArrayPlan[T ~int64 | ~uint64] struct{}

// Encode appends the array in the binary format of array_send (PostgreSQL,
// arrayfuncs.c): dimensions, no nulls, element type, length, lower bound, and
// each element after its size.
func (int8ArrayPlan[T]) Encode(value any, buf []byte) ([]byte, error) {
	elements := value.([]T) //nolint:forcetypeassert // the plan was made for it
	if elements == nil {
		return nil, nil // NULL
	}
	const element, head = 4 + 8, 5 * 4
	if need := len(buf) + head + element*len(elements); cap(buf) < need {
		buf = append(make([]byte, 0, need+need/2), buf...)
	}
	if len(elements) == 0 {
		return append32(buf, 0, 0, pgtype.Int8OID), nil
	}
	buf = append32(buf, 1, 0, pgtype.Int8OID, uint32(len(elements)), 1) //nolint:gosec // bounded by the protocol's message
	for _, e := range elements {
		buf = binary.BigEndian.AppendUint64(append32(buf, 8), uint64(e))
	}
	return buf, nil
}

func append32(buf []byte, numbers ...uint32) []byte {
	for _, n := range numbers {
		buf = binary.BigEndian.AppendUint32(buf, n)
	}
	return buf
}
