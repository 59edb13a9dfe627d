// Package providertest holds the contract that every provider passes: Run
// plays it against a provider and the bank behind it. The banks of others are
// fakes, each in a folder below: alipayfake and stripefake speak HTTP, sign
// with real keys and answer in the shapes of the real ones, so that what is
// tested is what will run.
package providertest
