import type postgres from "postgres";

/** The pool or a transaction: what every statement here is given. */
export type Sql = postgres.Sql | postgres.TransactionSql;

/** A transaction, where a savepoint is needed. */
export type Transaction = postgres.TransactionSql;
