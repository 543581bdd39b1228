// GrowthBook's remote evaluation, as its proxy runs it for each question, behind nothing but Node's own HTTP server: no faster proxy could be built of it.
"use strict";
const http = require("node:http");
const { evaluateFeatures } = require(process.argv[2] + "/node_modules/@growthbook/proxy-eval");

const features = {};
for (let number = 0; number < Number(process.argv[3]); number += 1) {
  features[`release_bench_${number}`] = {
    defaultValue: false,
    rules: [
      { condition: { plan: "pro" }, force: true },
      { force: true, coverage: 0.25, hashAttribute: "id" },
    ],
  };
}
const payload = JSON.stringify({ features });

http
  .createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", async () => {
      const { attributes } = JSON.parse(Buffer.concat(parts).toString() || "{}");
      // The payload is parsed anew: evaluateFeatures changes what it is given.
      const body = JSON.stringify(await evaluateFeatures({ payload: JSON.parse(payload), attributes: attributes || {} }));
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
      response.end(body);
    });
  })
  .listen(Number(process.argv[4]), "127.0.0.1");
