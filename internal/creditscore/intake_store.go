package creditscore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"lifecircle/internal/id"
	"lifecircle/internal/problem"
)

func readIssuer(ctx context.Context, q querier, name string) (i Issuer, err error) {
	err = q.QueryRow(ctx, `SELECT name, algorithm, key, kinds FROM issuers WHERE name = $1 AND retired_at IS NULL`, name).Scan(&i.Name, &i.Algorithm, &i.Key, &i.Kinds)
	if missing(err) {
		return i, problem.New(problem.IssuerUnknown, "No operator has added an issuer of this name.")
	}
	if err != nil {
		return i, fmt.Errorf("read an issuer: %w", err)
	}
	return i, nil
}

func storeIssuer(ctx context.Context, pool *pgxpool.Pool, i Issuer) error {
	_, err := pool.Exec(ctx, `INSERT INTO issuers (name, key, algorithm, kinds) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET key = excluded.key, algorithm = excluded.algorithm, kinds = excluded.kinds, retired_at = NULL`, i.Name, i.Key, i.Algorithm, i.Kinds)
	if err != nil {
		return fmt.Errorf("write the issuer %s: %w", i.Name, err)
	}
	return nil
}

// knownPeople refuses events of people who have no account.
func knownPeople(ctx context.Context, tx pgx.Tx, events []Event) error {
	var people []id.ID
	for _, e := range events {
		if people = append(people, e.User); e.Other != 0 {
			people = append(people, e.Other)
		}
	}
	rows, err := tx.Query(ctx, `SELECT id FROM users WHERE id = ANY($1::bigint[])`, sorted(people))
	if err != nil {
		return fmt.Errorf("look for people: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[id.ID])
	if err != nil {
		return fmt.Errorf("look for people: %w", err)
	}
	there := make(map[id.ID]bool, len(found))
	for _, user := range found {
		there[user] = true
	}
	for n, e := range events {
		if !there[e.User] || e.Other != 0 && !there[e.Other] {
			return problem.Invalid(problem.UserNotFound, fmt.Sprintf("body.events[%d]", n), "There is no such person.")
		}
	}
	return nil
}
