// Reads the service's OpenAPI specification from the standard input and writes the types of what the page asks for.
// Only those paths: another query of the catalogue changes nothing here.

import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const QUERIES = [
  "class_positions",
  "classes",
  "layers",
  "neuron_classes",
  "neuron_details",
  "neuron_examples",
  "similar_classes",
  "widest_paths",
];
const PATHS = { runs: "runs", graph: "graph", ...Object.fromEntries(QUERIES.map((name) => [name, `queries/${name}`])) };
const TARGET = new URL("src/service/schema.d.ts", import.meta.url);

const specification = JSON.parse(readFileSync(0, "utf-8"));
const answers = Object.entries(PATHS).map(([name, path]) => {
  const answer = specification.paths[`/api/v1/${path}`].get.responses[200];
  return [name, answer.content["application/json"].schema];
});
const asked = { ...specification, paths: {}, components: { schemas: Object.fromEntries(answers) } };
const types = astToString(await openapiTS(asked));
writeFileSync(TARGET, `// Written by \`make page\` from the service's specification.\n${types}`);
