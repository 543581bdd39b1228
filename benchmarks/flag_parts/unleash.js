// Unleash's own server, open source edition, with the addresses and tokens it is told.
"use strict";
const told = JSON.parse(process.env.BENCH_UNLEASH);

import(process.argv[2] + "/node_modules/unleash-server/dist/lib/server-impl.js")
  .then((unleash) =>
    unleash.start({
      db: { ...told.db, ssl: false, pool: { min: 0, max: 4 } },
      server: { port: told.port, host: "127.0.0.1", serverMetrics: false, keepAliveTimeout: 600000 },
      logLevel: "error",
      versionCheck: { enable: false },
      telemetry: false,
    }),
  )
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
