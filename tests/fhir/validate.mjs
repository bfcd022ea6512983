// Reads one request a line, answers one line each: medplum's validation, or whether UCUM knows a unit.
// Arguments: folder of node_modules, folders with StructureDefinition-*.json beyond base R4.
//
//   {"resource": {...}, "profiles": ["http://..."]}  ->  {"issues": ["severity path: text", ...]}
//   {"unit": "mg/cm3"}                               ->  {"valid": true}

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [modules, ...folders] = process.argv.slice(2);
const require = createRequire(join(modules, 'anything.js'));
const { indexStructureDefinitionBundle, validateResource } = require('@medplum/core');
const ucum = require('@lhncbc/ucum-lhc').UcumLhcUtils.getInstance();

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const definitions = join(modules, '@medplum', 'definitions', 'dist', 'fhir', 'r4');
indexStructureDefinitionBundle(read(join(definitions, 'profiles-types.json')));
indexStructureDefinitionBundle(read(join(definitions, 'profiles-resources.json')));

const profiles = new Map();
for (const folder of folders) {
  for (const name of readdirSync(folder).filter((each) => each.startsWith('StructureDefinition-'))) {
    const definition = read(join(folder, name));
    profiles.set(definition.url, definition);
  }
}

function issuesOf(resource, profile) {
  try {
    const found = validateResource(resource, profile ? { profile } : {});
    return found.map((each) => `${each.severity} ${(each.expression ?? []).join()}: ${each.details?.text ?? each.code}`);
  } catch (error) {
    const found = error.outcome?.issue;
    if (!found) throw error;
    return found.map((each) => `${each.severity} ${(each.expression ?? []).join()}: ${each.details?.text ?? each.code}`);
  }
}

function answer({ resource, profiles: urls, unit }) {
  if (unit !== undefined) return { valid: ucum.validateUnitString(unit).status === 'valid' };
  const issues = issuesOf(resource, undefined);
  for (const url of urls) {
    if (!profiles.has(url)) issues.push(`error ${url}: there is no such profile`);
    else issues.push(...issuesOf(resource, profiles.get(url)));
  }
  return { issues: [...new Set(issues)] };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n');
}
