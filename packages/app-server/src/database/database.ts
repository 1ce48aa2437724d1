// Opens the database and brings its tables up to date: a file in the data folder, or PostgreSQL.
import Libsql from 'libsql';
import { Kysely, Migrator, PostgresDialect, sql, SqliteDialect, type Dialect } from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import { AppServerStartError } from '../start-error.ts';
import { migrations } from './migrations/index.ts';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;

export type DatabaseAddress = { file: string } | { url: string };

const CONNECT_DEADLINE_MS = 5_000;

/** How long a statement waits for another process that writes to the file, in ms. */
const BUSY_DEADLINE_MS = 5_000;

/** @throws AppServerStartError ('database-unreachable') */
export async function openDatabase(address: DatabaseAddress, log: Logger): Promise<Database> {
  let database: Database | undefined;
  try {
    database = new Kysely<Tables>({
      dialect: 'file' in address ? libsql(address.file) : postgres(address.url, log),
    });
    if ('file' in address) {
      // WAL: readers and the writer do not wait for each other, and a killed process leaves the file whole.
      await sql`pragma journal_mode = wal`.execute(database);
      await sql`pragma foreign_keys = on`.execute(database);
      await sql.raw(`pragma busy_timeout = ${BUSY_DEADLINE_MS}`).execute(database);
    }
    await migrate(database, log);
    return database;
  } catch (error) {
    await database?.destroy();
    throw AppServerStartError.databaseUnreachable(nameOf(address), error);
  }
}

/** Whether the database answers a query now. */
export async function answers(database: Database, log: Logger): Promise<boolean> {
  try {
    await sql`select 1`.execute(database);
    return true;
  } catch (err) {
    log.warn({ err }, 'the database does not answer');
    return false;
  }
}

async function migrate(database: Database, log: Logger): Promise<void> {
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) };
  const { error, results = [] } = await new Migrator({ db: database, provider }).migrateToLatest();
  for (const { migrationName, status } of results) log.info({ migrationName, status }, 'database migrated');
  if (error !== undefined)
    throw error instanceof Error ? error : new Error('a migration failed', { cause: error });
}

function libsql(file: string): Dialect {
  // libsql's API is better-sqlite3's, which the dialect is for.
  return new SqliteDialect({ database: new Libsql(file) });
}

function postgres(url: string, log: Logger): Dialect {
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_DEADLINE_MS,
    types: { getTypeParser },
  });
  // An idle connection that breaks is replaced; unheard, the event would end the process.
  pool.on('error', (err) => log.warn({ err }, 'a connection to the database was lost'));
  return new PostgresDialect({ pool });
}

/** `bigint` arrives as text because it may exceed a number; ours are times and do not. */
const getTypeParser: typeof pg.types.getTypeParser = (id: number, format?: unknown) => {
  if (id === Number(pg.types.builtins.INT8)) return Number;
  // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- pg declares its parsers as any
  return pg.types.getTypeParser(id, format as 'text');
};

function nameOf(address: DatabaseAddress): string {
  if ('file' in address) return address.file;
  if (!URL.canParse(address.url)) return 'at DATABASE_URL';
  const { host, pathname } = new URL(address.url);
  return `${host}${pathname}`;
}
