// Written by `make page` from the service's specification.
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        runs: {
            runs: {
                run: string | null;
                name: string | null;
                model: string | null;
                dataset: string | null;
                created: string | null;
                state: string | null;
                classes: number | null;
                images: number | null;
                skipped: number | null;
                digest: string | null;
            }[];
        };
        graph: {
            run: string;
            class: number;
            layers: {
                layer: string;
                layer_index: number;
                channels: number;
            }[];
            nodes: {
                neuron: string;
                layer_index: number;
                channel: number;
                slot: number;
                count: number;
                share: number | null;
                importance: number | null;
                pictures: {
                    x: number;
                    y: number;
                    /** @enum {string} */
                    kind: "visualization" | "examples";
                    visualization: string | null;
                    diverse: string[];
                    examples: string | null;
                    class_examples: string | null;
                } | null;
            }[];
            edges: {
                source: string;
                target: string;
                count: number;
                share: number | null;
            }[];
            kept: {
                importance: number | null;
                influence: number | null;
            };
            atlas: {
                path: string;
                side: number;
                width: number;
                height: number;
            } | null;
        };
        pictures: {
            run: string;
            neuron: string;
            visualization: string | null;
            diverse: string[];
            examples: string | null;
            class_examples: string | null;
        };
        class_positions: {
            run: string | null;
            query: string;
            columns: {
                name: string;
                type: string;
            }[];
            rows: {
                class: number | null;
                name: string | null;
                x: number | null;
                y: number | null;
            }[];
            truncated: boolean;
            next: string | null;
        };
        classes: {
            run: string | null;
            query: string;
            columns: {
                name: string;
                type: string;
            }[];
            rows: {
                class: number | null;
                name: string | null;
                images: number | null;
                correct: number | null;
                accuracy: number | null;
                probabilities: number[] | null;
            }[];
            truncated: boolean;
            next: string | null;
        };
        layers: {
            run: string | null;
            query: string;
            columns: {
                name: string;
                type: string;
            }[];
            rows: {
                layer: string | null;
                layer_index: number | null;
                channels: number | null;
            }[];
            truncated: boolean;
            next: string | null;
        };
        neuron_classes: {
            run: string | null;
            query: string;
            columns: {
                name: string;
                type: string;
            }[];
            rows: {
                class: number | null;
                name: string | null;
                count: number | null;
                share: number | null;
                importance: number | null;
                selected: boolean | null;
            }[];
            truncated: boolean;
            next: string | null;
        };
        neuron_details: {
            run: string | null;
            query: string;
            columns: {
                name: string;
                type: string;
            }[];
            rows: {
                neuron: string | null;
                layer: string | null;
                layer_index: number | null;
                channel: number | null;
                classes: number | null;
                largest_count: number | null;
                largest_share: number | null;
                inputs: number | null;
                outputs: number | null;
                examples: number | null;
            }[];
            truncated: boolean;
            next: string | null;
        };
        neuron_examples: {
            run: string | null;
            query: string;
            columns: {
                name: string;
                type: string;
            }[];
            rows: {
                rank: number | null;
                image: string | null;
                activation: number | null;
                x0: number | null;
                y0: number | null;
                x1: number | null;
                y1: number | null;
            }[];
            truncated: boolean;
            next: string | null;
        };
        similar_classes: {
            run: string | null;
            query: string;
            columns: {
                name: string;
                type: string;
            }[];
            rows: {
                layer: string | null;
                layer_index: number | null;
                rank: number | null;
                class: number | null;
                name: string | null;
                similarity: number | null;
                rank_before: number | null;
            }[];
            truncated: boolean;
            next: string | null;
        };
        widest_paths: {
            run: string | null;
            query: string;
            columns: {
                name: string;
                type: string;
            }[];
            rows: {
                rank: number | null;
                strength: number | null;
                edges: number | null;
                weakest_edge: string[] | null;
                chain: string[] | null;
            }[];
            truncated: boolean;
            next: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
