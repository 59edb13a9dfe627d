package payments

// AuditIn audits within a transaction, so that a test sees what it has
// corrupted there and nobody else does.
var AuditIn = audit
