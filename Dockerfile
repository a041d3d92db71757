# The service and the loader: the base package only, since serving and loading need no torch. It has not been built here:
# no Docker engine was at hand; its steps were run in a clean environment (tests/house/test_compose.py).
FROM python:3.12-slim AS installed
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY summit_graph ./summit_graph
COPY ingest ./ingest
COPY api ./api
COPY cypher ./cypher
RUN python -m venv /opt/summit-graph && /opt/summit-graph/bin/pip install --no-cache-dir -c constraints.txt .

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 summit
COPY --from=installed /opt/summit-graph /opt/summit-graph
ENV PATH=/opt/summit-graph/bin:$PATH
USER summit
WORKDIR /home/summit
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --retries=6 \
  CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
ENTRYPOINT ["summit-graph"]
CMD ["serve", "--host", "0.0.0.0"]
