@app
peers

@aws
runtime nodejs22.x

@ws
echo
